// The link of each task with the harness: one unix socket, whole messages, strictly in turn.
#include "shim.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

struct task tasks[MAX_TASKS];
__thread struct task *self;
char link_path[108], shim_path[4096];

struct task *new_task(void) {
  for (int i = 0; i < MAX_TASKS; i++)
    if (!tasks[i].used) {
      memset(&tasks[i], 0, sizeof tasks[i]);
      tasks[i].used = 1;
      tasks[i].link = tasks[i].late = -1;
      return &tasks[i];
    }
  broken("more than 256 threads in one process");
}

int is_ours(int fd) {
  if (fd < 0) return 0;
  if (fd == full_listener) return 1;
  for (int i = 0; i < MAX_TASKS; i++)
    if (tasks[i].used && tasks[i].link == fd) return 1;
  return 0;
}

/** After fork: the copies of the other tasks' links would keep them open when their process ends. */
void forget_links(void) {
  for (int i = 0; i < MAX_TASKS; i++) {
    if (tasks[i].used && tasks[i].link >= 0) RAW(SYS_close, tasks[i].link);
    tasks[i].used = 0;
  }
}

/** High numbers, so that the program gets the descriptors that it would get without us. */
static int out_of_the_way(int fd) {
  struct rlimit limit = {0, 0};
  RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
  long floor = limit.rlim_cur > 1024 ? 900 : limit.rlim_cur * 3 / 4;
  long moved = fd < 0 ? fd : RAW(SYS_fcntl, fd, F_DUPFD_CLOEXEC, floor);
  if (moved < 0) return fd;
  RAW(SYS_close, fd);
  return moved;
}

/** The program is about to put something else at this descriptor. */
void move_ours(int fd) {
  if (fd == full_listener) full_listener = RAW(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd + 1);
  for (int i = 0; i < MAX_TASKS; i++)
    if (tasks[i].used && tasks[i].link == fd) tasks[i].link = RAW(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd + 1);
}

static void transfer(long number, void *bytes, size_t count) {
  for (char *at = bytes; count > 0;) {
    long moved = RAW(number, self->link, at, count);
    if (moved == -EINTR) continue;
    if (moved <= 0) RAW(SYS_exit_group, 71);  // the harness is gone
    at += moved;
    count -= moved;
  }
}

void tell(enum up_type type, int64_t a, int64_t b, const void *payload, uint32_t length) {
  static char message[MAX_MESSAGE];
  struct up head = {sizeof head + length, type, RAW(SYS_getpid), self->tid, a, b};
  memcpy(message, &head, sizeof head);
  memcpy(message + sizeof head, payload, length);
  self->progress = 1;
  transfer(SYS_write, message, head.size);
}

void broken(const char *what) {
  tell(UP_BROKEN, 0, 0, what, strlen(what));
  for (;;) RAW(SYS_exit_group, 71);
}

static void hear(void) {
  struct down head;
  transfer(SYS_read, &head, sizeof head);
  if (head.now > now) now = head.now;
  if (wall != head.wall) wall_moved(head.wall);
  wall = head.wall;
  for (uint32_t i = 0; i < head.count; i++) {
    struct event event;
    transfer(SYS_read, &event, sizeof event);
    take_event(&event);
  }
}

/** Gives the turn back and waits for the next one. */
void await_turn(enum wait_kind kind, nanos deadline) {
  static struct connection_report reports[MAX_REPORTS];
  settle_own();
  uint32_t count = report_connections(reports, MAX_REPORTS);
  int progress = self->progress;
  int64_t what = kind | (progress ? WAIT_PROGRESS : 0) | self->number << WAIT_CALL_SHIFT;
  tell(UP_WAIT, deadline, what, reports, count * sizeof *reports);
  self->progress = 0;
  hear();
}

/** A program that has used up its descriptors starts threads and processes all the same: ours is beyond its limit. */
static long open_beyond(int family) {
  struct rlimit own, wide;
  RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &own);
  wide = (struct rlimit){own.rlim_cur + MAX_TASKS, own.rlim_cur + MAX_TASKS};
  if (wide.rlim_max < own.rlim_max) wide.rlim_max = own.rlim_max;
  if (RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &wide, 0) < 0) return -EMFILE;
  long fd = RAW(SYS_socket, family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  RAW(SYS_prlimit64, 0, RLIMIT_NOFILE, &own, 0);
  return fd;
}

/** Negative: none is left. */
long open_ours(int family) {
  long fd = out_of_the_way(RAW(SYS_socket, family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd < 0 ? open_beyond(family) : fd;
}

/** Announces a new task (its process, or a thread of it) and waits for its first turn. */
void attach(struct task *task) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, link_path);
  task->tid = RAW(SYS_gettid);
  task->link = open_ours(AF_UNIX);
  if (task->link < 0) {
    static const char words[] = "meterproof: no descriptor is left for a new thread or process, nor may the limit be raised\n";
    RAW(SYS_write, 2, words, sizeof words - 1);
    RAW(SYS_exit_group, 71);
  }
  if (RAW(SYS_connect, task->link, &address, sizeof address) < 0) RAW(SYS_exit_group, 71);
  // Another thread of this process may have its turn: what is shared must not be touched before ours.
  struct up hello = {sizeof hello, UP_HELLO, RAW(SYS_getpid), task->tid, PROTOCOL_VERSION, 0};
  transfer(SYS_write, &hello, sizeof hello);
  hear();
  task->progress = 1;
}
