// The parts of the shim and what they offer to each other. One process, many tasks (threads), of which one at a time runs:
// the harness gives turns. That is why nothing here takes a lock.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include "protocol.h"

typedef int64_t nanos;
#define SECOND 1000000000LL
#define FOREVER INT64_MAX
#define MAX_FD 4096

/** A trapped system call. */
struct call {
  long number;
  long args[6];
  ucontext_t *context;
};
/** Result of a call that has to be made again after the signal handler. Outside the range of errors. */
#define RESTART (-100000L)

struct futex_waiter {
  const uint32_t *word;
  uint32_t bitset;
  int waiting, woken;
  uint64_t sequence;
};

struct task {
  int used, link, tid;
  int progress;  // it did something since it last told the harness
  long number;   // of the call that it is in
  nanos late;    // when its last wait ended, if that ran out of time
  struct futex_waiter futex;
};

// gate.c: system calls that are not trapped
long gate(long number, ...);
#define RAW(number, ...) raw6(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define raw6(number, a, b, c, d, e, f, ...) \
  gate(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
long gate_clone(long number, long a, long b, long c, long d, long e);
void gate_restore(void);
void gate_return(long stack) __attribute__((noreturn));
long arm_traps(void);

// trap.c
extern int shim_on;
long pass(const struct call *call);

// link.c
#define MAX_TASKS 256
extern struct task tasks[MAX_TASKS];
extern __thread struct task *self;
struct task *new_task(void);
void attach(struct task *task);
void tell(enum up_type type, int64_t a, int64_t b, const void *payload, uint32_t length);
void broken(const char *what) __attribute__((noreturn));
void await_turn(enum wait_kind kind, nanos deadline);
/** Descriptors that the program does not know: the links, and the listener of backlog.c. */
int is_ours(int fd);
void move_ours(int fd);
long open_ours(int family);
void forget_links(void);
extern char link_path[108], shim_path[4096];

// wait.c
enum outcome { READY, LATE, INTERRUPTED };
#define NO_SIGNALS (~0ULL)
/** Added to a wait kind: the deadline is a time of the wall clock, and moves when that is set. */
#define ON_WALL 0x80
enum outcome wait_until(uint64_t mask, int kind, nanos deadline, int (*ready)(void *), void *what);
enum outcome wait_fd(const struct call *call, int fd, short events, int timeout_option);
long interrupted(void);
long restarted(void);
long wait_call(const struct call *call, int *handled);
void spin(int weight);

// signal.c
#define SIGNAL_BIT(signal) (1ULL << ((signal) - 1))
#define CLIENT_MASK(call) (*(uint64_t *)&(call)->context->uc_sigmask)
int signal_pending(uint64_t mask, unsigned long *flags);
long signal_call(const struct call *call, int *handled);
uint64_t block_signals(void);
void set_signals(uint64_t mask);
void deliver_signals(uint64_t mask);

// clock.c, vdso.c
extern nanos now, wall;
nanos nanos_of(const struct timespec *time);
struct timespec timespec_of(nanos time);
int is_wall(clockid_t clock);
nanos clock_base(clockid_t clock);
void trap_clocks(void);
nanos after(nanos timeout);
long clock_call(const struct call *call, int *handled);

// timer.c
nanos next_timer(void);
int fire_timers(void);
void timer_fd_closed(int fd);
void timer_fd_copied(int from, int to);
void wall_moved(nanos to);
void forget_timers(void);
void timer_fd_asked(int fd);
void take_over_alarm(const char *given);
const char *hand_over_alarm(void);
long timer_call(const struct call *call, int *handled);

// io.c, connect.c, socket.c
int nonblocking(int fd);
int fd_ready(int fd, short events);
#define RESULT_OF_WAIT(outcome, late) ((outcome) == LATE ? (late) : restarted())
long io_call(const struct call *call, int *handled);
long socket_call(const struct call *call, int *handled);
int is_connection(int fd);
void connection_closed(int fd);
void connection_copied(int from, int to);
void take_event(const struct event *event);
uint32_t report_connections(struct connection_report *reports, uint32_t room);

// backlog.c, own.c
extern int full_listener;
int own_peer(int fd);
void await_end(int peer);
void settle_own(void);

// pids.c
void begin_pids(void);
long number_child(long real);
void become_child(void);
long real_pid(long pid);
void real_pids(struct call *call);
long shown_pid(long real);
nanos born_at(long real);
int numbers_pids(void);
long shown_pids(const struct call *call, long result);
long pid_call(const struct call *call, int *handled);

// proc.c
char *write_process_file(char *to, size_t room, const char *path);
long proc_call(const struct call *call, int *handled);

// futex.c, process.c, random.c, file.c, made.c, ipc.c
char *write_number(char *to, uint64_t number, int digits);
uint64_t read_number(const char **from);
long made_call(const struct call *call, int *handled);
long futex_call(const struct call *call);
long process_call(const struct call *call, int *handled);
int spawning(void);
void child_begin(void *start);
long ipc_call(const struct call *call, int *handled);
void seed_random(uint64_t seed);
void find_random_devices(void);
void fill_random(void *bytes, size_t count);
int is_random_device(int fd);
long random_call(const struct call *call, int *handled);
void random_closed(int fd);
void random_copied(int from, int to);
extern int64_t run_start;
void stamp(int fd);
long file_call(const struct call *call, int *handled);
