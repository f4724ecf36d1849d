// Every way of waiting that a C program has, one after the other; each prints when it was over.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static time_t start;
static volatile int rung;
static sigjmp_buf out;

static void over(const char *what, long result) {
  printf("%ld %s %ld\n", (long)(time(0) - start), what, result);
  fflush(stdout);
}

static void ring(int signal) {
  (void)signal;
  rung++;
}

static void leave(int signal) {
  (void)signal;
  siglongjmp(out, 1);
}

static void expired(union sigval value) {
  rung += value.sival_int;
}

static void signals(void) {
  struct itimerval every = {{10, 0}, {10, 0}}, never = {{0, 0}, {0, 0}};
  signal(SIGALRM, ring);
  setitimer(ITIMER_REAL, &every, 0);
  over("sleep cut short by setitimer", sleep(100));
  setitimer(ITIMER_REAL, &never, 0);
  alarm(20);
  over("pause", pause());
  signal(SIGALRM, leave);
  alarm(30);
  if (!sigsetjmp(out, 1)) pause();
  over("longjmp out of a handler", rung);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  sigprocmask(SIG_BLOCK, &set, &old);
  alarm(5);
  struct timespec limit = {60, 0};
  over("sigtimedwait", sigtimedwait(&set, 0, &limit));
  signal(SIGALRM, ring);
  alarm(5);
  over("pselect with a mask", pselect(0, 0, 0, 0, &limit, &old));
  sigprocmask(SIG_SETMASK, &old, 0);
}

static void children(void) {
  char text[64], *nothing[] = {0}, *words[] = {"sh", "-c", "sleep 7; exit 4", 0};
  int status;
  pid_t pid;
  over("system", system("sleep 30; exit 3") >> 8);
  FILE *pipe = popen("sleep 5; echo hello; sleep 5; echo world", "r");
  while (fgets(text, sizeof text, pipe)) over(strtok(text, "\n"), 0);
  over("pclose", pclose(pipe));
  over("posix_spawn of nothing", posix_spawn(&pid, "/nonexistent", 0, 0, words, environ));
  posix_spawn(&pid, "/bin/sh", 0, 0, words, nothing);
  waitpid(pid, &status, 0);
  over("posix_spawn without an environment", WEXITSTATUS(status));
  if (!(pid = fork())) sleep(1000), _exit(9);
  sleep(10);
  kill(pid, SIGTERM);
  wait(&status);
  over("wait for a killed child", WTERMSIG(status));
  if (!(pid = vfork())) execl("/bin/sleep", "sleep", "6", (char *)0), _exit(9);
  siginfo_t info;
  waitid(P_PID, pid, &info, WEXITED);
  over("waitid after vfork", info.si_status);
}

static void descriptors(void) {
  int ends[2], status;
  char *large = calloc(1, 1000000);
  long total = 0, count;
  uint64_t times;
  struct itimerspec every = {{60, 0}, {30, 0}};
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  timerfd_settime(timer, 0, &every, 0);
  over("timerfd", read(timer, &times, 8) == 8 ? (long)times : -1);
  sleep(200);
  over("timerfd again", read(timer, &times, 8) == 8 ? (long)times : -1);
  struct epoll_event event = {.events = EPOLLIN};
  int set = epoll_create1(0);
  epoll_ctl(set, EPOLL_CTL_ADD, timer, &event);
  over("epoll_wait", epoll_wait(set, &event, 1, -1));
  close(timer);
  over("pipe", pipe(ends));
  if (!fork()) {
    sleep(3);
    over("a pipe that is filled", write(ends[1], large, 1000000));
    _exit(0);
  }
  close(ends[1]);
  struct pollfd one = {ends[0], POLLIN, 0};
  over("poll", poll(&one, 1, 1000));
  over("poll for longer", poll(&one, 1, 60000));
  while ((count = read(ends[0], large, 1000000)) > 0) total += count;
  over("a pipe that is emptied", total);
  wait(&status);
  int file = open("locked", O_CREAT | O_RDWR, 0600);
  if (!fork()) {
    flock(open("locked", O_RDWR), LOCK_EX);
    sleep(40);
    _exit(0);
  }
  sleep(1);
  over("flock", flock(file, LOCK_EX));
  wait(&status);
  free(large);
}

static void clocks(void) {
  sem_t none;
  timer_t timer;
  struct timespec until;
  struct sigevent thread = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 100, .sigev_notify_function = expired};
  struct itimerspec once = {{0, 0}, {20, 0}};
  sem_init(&none, 0, 0);
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 500;
  over("sem_timedwait", sem_timedwait(&none, &until));
  rung = 0;
  timer_create(CLOCK_REALTIME, &thread, &timer);
  timer_settime(timer, 0, &once, 0);
  sleep(40);
  over("timer_create with a thread", rung);
  until.tv_sec += 100;
  over("clock_nanosleep until", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, 0));
  struct timespec year = {365 * 86400, 0};
  over("a year", thrd_sleep(&year, 0));
  time_t later = time(0) + 2;
  while (time(0) < later);
  over("a busy loop", 0);
}

int main(void) {
  start = time(0);
  signals();
  children();
  descriptors();
  clocks();
  return 0;
}
