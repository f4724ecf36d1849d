"""Servers tried in order, with what Python programs use besides: threads, subprocesses, asyncio, random ids, file times."""
import asyncio, os, queue, socket, subprocess, sys, threading, time, uuid

start = time.time()
ports = [int(word) for word in sys.argv[1:3]]


def say(*words):
    print(round(time.time() - start, 3), *words, flush=True)


def attempt(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"CHECK\n")
            say(port, connection.recv(100), connection.getpeername())
            return True
    except OSError as error:
        say(port, type(error).__name__)
        return False


def take(tasks):
    while (task := tasks.get()) is not None:
        say("task", task)


async def asynchronous():
    await asyncio.sleep(1000)
    reader, writer = await asyncio.open_connection("127.0.0.1", ports[0])
    writer.write(b"CHECK\n")
    say("asyncio", await reader.readline())
    writer.close()
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 20)
    except asyncio.TimeoutError:
        say("asyncio time-out")


say(uuid.uuid4(), len({object() for _ in range(100)}))
delay = 60
for _ in range(20):
    if attempt(ports[1]) or attempt(ports[0]):
        time.sleep(23 * 3600)
    else:
        time.sleep(delay)
        delay = min(2 * delay, 3600)
try:
    socket.getaddrinfo("license.example", 80)
except socket.gaierror as error:
    say(error)
tasks = queue.Queue()
thread = threading.Thread(target=take, args=(tasks,))
thread.start()
tasks.put(1)
time.sleep(5)
say(subprocess.run(["sh", "-c", "sleep 100; date -u +%H; echo $((1 + 1))"], capture_output=True, text=True).stdout.split())
with open("written", "w") as file:
    file.write("x")
time.sleep(50)
say("file", round(time.time() - os.stat("written").st_mtime, 3))
asyncio.run(asynchronous())
tasks.put(None)
thread.join()
say("line", sys.stdin.readline().strip())
say("end", sys.stdin.read())
