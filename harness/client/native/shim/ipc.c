// Message queues and semaphores of POSIX and of System V: what would block in them is tried until it succeeds.
#include "shim.h"
#include <poll.h>
#include <sys/ipc.h>
#include <sys/sem.h>

struct attempt {
  struct call call;
  int empty;  // the error that says: not now
  long result;
};

static int done(void *what) {
  struct attempt *attempt = what;
  attempt->result = pass(&attempt->call);
  return attempt->result != -attempt->empty;
}

/** Other processes do what it waits for: it looks again whenever one of them has done anything. */
static long try_until(const struct call *call, struct attempt attempt, nanos deadline, int on_wall) {
  enum outcome outcome = wait_until(CLIENT_MASK(call), WAIT_FILE | on_wall, deadline, done, &attempt);
  if (outcome == READY) return attempt.result;
  return outcome == LATE ? -attempt.empty : interrupted();
}

static long system_v(const struct call *call, int flags_at, int empty) {
  struct attempt attempt = {*call, empty, 0};
  if (call->args[flags_at] & IPC_NOWAIT) return pass(call);
  attempt.call.args[flags_at] |= IPC_NOWAIT;
  return try_until(call, attempt, FOREVER, 0);
}

/** Tries with a time-out of nothing: IPC_NOWAIT stands in each operation, and they are the client's. */
static long semaphores(const struct call *call) {
  const struct sembuf *operations = (void *)call->args[1];
  for (long i = 0; i < call->args[2]; i++)
    if (operations[i].sem_flg & IPC_NOWAIT) return pass(call);
  static const struct timespec none = {0, 0};
  const struct timespec *timeout = call->number == SYS_semtimedop ? (void *)call->args[3] : 0;
  struct call own = {SYS_semtimedop, {call->args[0], call->args[1], call->args[2], (long)&none}, call->context};
  nanos deadline = timeout ? after(nanos_of(timeout)) : FOREVER;
  struct attempt attempt = {own, EAGAIN, 0};
  return try_until(call, attempt, deadline, 0);
}

/** The time-out is a time of the wall clock. */
static long queue(const struct call *call, short events) {
  const struct timespec *until = (void *)call->args[4];
  int fd = call->args[0];
  if (nonblocking(fd) || fd_ready(fd, events)) return pass(call);
  static const struct timespec past = {0, 0};
  struct attempt attempt = {*call, ETIMEDOUT, 0};
  attempt.call.args[4] = (long)&past;
  nanos deadline = until ? nanos_of(until) : FOREVER;
  return try_until(call, attempt, deadline == FOREVER ? FOREVER : deadline - clock_base(CLOCK_REALTIME), ON_WALL);
}

long ipc_call(const struct call *call, int *handled) {
  *handled = 1;
  switch (call->number) {
    case SYS_mq_timedsend: return queue(call, POLLOUT);
    case SYS_mq_timedreceive: return queue(call, POLLIN);
    case SYS_msgsnd: return system_v(call, 3, EAGAIN);
    case SYS_msgrcv: return system_v(call, 4, ENOMSG);
    case SYS_semop:
    case SYS_semtimedop: return semaphores(call);
  }
  return *handled = 0;
}
