// Waiting: every call that could block asks whether it is ready now, and if not gives the turn back until it is.
#include "shim.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MAX_SELECT 8192
/** How much may be asked of the clock, and in vain of descriptors, before time passes all the same. */
#define SPIN_LIMIT 100000
#define SPIN_STEP 2000
#define SPIN_TIME 1000000  // ns
#define FEW_YIELDS 1000

static unsigned long handler_flags;
static int spins, yields;

static int ended(uint64_t mask, nanos deadline, int (*ready)(void *), void *what, enum outcome *outcome) {
  if (ready && ready(what)) return *outcome = READY, 1;
  if (deadline <= now) return *outcome = LATE, 1;
  if (signal_pending(mask, &handler_flags)) return *outcome = INTERRUPTED, 1;
  return 0;
}

/** Another thread may be what it spins for: a moment of time lets each of them run. */
static void pass_moment(void) {
  wait_until(NO_SIGNALS, WAIT_SLEEP, now + (++yields < FEW_YIELDS ? 1000 : SPIN_TIME), 0, 0);
}

/** Gives the turn back until `ready` says so, time has come to `deadline`, or a signal outside `mask` wants its handler. */
enum outcome wait_until(uint64_t mask, int kind, nanos deadline, int (*ready)(void *), void *what) {
  enum outcome outcome;
  int waited = 0;
  while (!ended(mask, deadline, ready, what, &outcome)) {
    nanos timer = next_timer(), before = wall;
    await_turn(kind & ~ON_WALL, timer < deadline ? timer : deadline);
    if (kind & ON_WALL && deadline != FOREVER) deadline -= wall - before;
    spins = 0;
    waited = 1;
    fire_timers();
  }
  self->progress = 1;
  self->late = outcome == LATE ? now : -1;
  if (waited || outcome != LATE) yields = ready ? 0 : yields;
  // Its time has come already: programs that wait until time is later than that, as Ruby does, would ask for ever.
  else pass_moment();
  return outcome;
}

/** Result of a call that a signal has ended, for calls that are never made again. */
long interrupted(void) {
  return -EINTR;
}

/** The same for calls that are made again after handlers with SA_RESTART. */
long restarted(void) {
  return handler_flags & SA_RESTART ? RESTART : -EINTR;
}

/** A program that only looks at the clock, or at descriptors, until time has passed must see it pass. */
void spin(int weight) {
  spins += weight;
  if (spins < SPIN_LIMIT) return;
  nanos until = now + SPIN_TIME;
  uint64_t mask = block_signals();
  while (now < until) await_turn(WAIT_SLEEP, next_timer() < until ? next_timer() : until), fire_timers();
  set_signals(mask);
  // What it does from here on, in its memory too, others may be waiting for.
  self->progress = 1;
  spins = SPIN_LIMIT - SPIN_STEP;
}

/** Who looks again when its wait has just run out most likely looks until the clock shows more than that. */
static int weight_of_look(void) {
  return self->late == now ? 500 : 50;
}

struct files {
  long number;
  long args[6];
  long result;
};

/** Tells whether a poll with no time-out finds something. */
static int files_ready(void *what) {
  struct files *files = what;
  const long *a = files->args;
  files->result = gate(files->number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return files->result != 0;
}

static long finish(const struct call *call, struct files *files, nanos timeout, const uint64_t *mask) {
  if (timeout == 0) {
    if (!files_ready(files)) spin(weight_of_look());
    return files->result;
  }
  uint64_t during = mask ? *mask : CLIENT_MASK(call);
  enum outcome outcome = wait_until(during, WAIT_FILE, after(timeout), files_ready, files);
  if (outcome != INTERRUPTED) return files->result;
  if (mask) deliver_signals(*mask);
  return interrupted();
}

static long poll_call(const struct call *call, nanos timeout, const uint64_t *mask) {
  struct timespec none = {0, 0};
  struct files files = {SYS_ppoll, {call->args[0], call->args[1], (long)&none, 0, 8, 0}, 0};
  return finish(call, &files, timeout, mask);
}

struct selection {
  long count, result;
  fd_set *sets[3];
  char wanted[3][MAX_SELECT / 8];
};

static nanos time_left(nanos deadline) {
  return deadline > now ? deadline - now : 0;
}

static int selection_ready(void *what) {
  struct selection *s = what;
  size_t bytes = (s->count + 63) / 64 * 8;
  struct timespec none = {0, 0};
  for (int i = 0; i < 3; i++)
    if (s->sets[i]) memcpy(s->sets[i], s->wanted[i], bytes);
  s->result = RAW(SYS_pselect6, s->count, s->sets[0], s->sets[1], s->sets[2], &none, 0);
  return s->result != 0;
}

static long look_at(const struct call *call, nanos timeout, const uint64_t *mask) {
  struct selection s = {.count = call->args[0]};
  if (s.count < 0 || s.count > MAX_SELECT) return -EINVAL;
  for (int i = 0; i < 3; i++) {
    s.sets[i] = (void *)call->args[1 + i];
    if (s.sets[i]) memcpy(s.wanted[i], s.sets[i], (s.count + 63) / 64 * 8);
  }
  if (timeout == 0) {
    if (!selection_ready(&s)) spin(weight_of_look());
    return s.result;
  }
  uint64_t during = mask ? *mask : CLIENT_MASK(call);
  enum outcome outcome = wait_until(during, WAIT_FILE, after(timeout), selection_ready, &s);
  if (outcome != INTERRUPTED) return s.result;
  for (int i = 0; i < 3; i++)
    if (s.sets[i]) memcpy(s.sets[i], s.wanted[i], (s.count + 63) / 64 * 8);
  if (mask) deliver_signals(*mask);
  return interrupted();
}

/** Linux shows in the argument what is left of it. */
static long select_call(const struct call *call, nanos timeout, const uint64_t *mask) {
  nanos deadline = after(timeout);
  long result = look_at(call, timeout, mask);
  if (timeout == FOREVER || result == RESTART) return result;
  struct timespec left = timespec_of(time_left(deadline));
  if (call->number == SYS_pselect6) *(struct timespec *)call->args[4] = left;
  else *(struct timeval *)call->args[4] = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
  return result;
}

static long epoll_call(const struct call *call, nanos timeout, const uint64_t *mask) {
  struct files files = {SYS_epoll_wait, {call->args[0], call->args[1], call->args[2], 0, 0, 0}, 0};
  return finish(call, &files, timeout, mask);
}

struct child {
  struct call call;
  long result;
  siginfo_t info;
};

static int child_ready(void *what) {
  struct child *child = what;
  const long *a = child->call.args;
  if (child->call.number == SYS_wait4) {
    child->result = RAW(SYS_wait4, a[0], a[1], a[2] | WNOHANG, a[3]);
    return child->result != 0;
  }
  child->info.si_pid = 0;
  child->result = RAW(SYS_waitid, a[0], a[1], &child->info, a[3] | WNOHANG, a[4]);
  return child->result < 0 || child->info.si_pid != 0;
}

static long wait_for_child(const struct call *call) {
  int options = call->number == SYS_wait4 ? 2 : 3;
  if (call->args[options] & WNOHANG) return pass(call);
  struct child child = {.call = *call};
  enum outcome outcome = wait_until(CLIENT_MASK(call), WAIT_CHILD, FOREVER, child_ready, &child);
  if (outcome != READY) return restarted();
  siginfo_t *info = (void *)call->args[2];
  if (call->number == SYS_waitid && info && child.result >= 0) *info = child.info;
  return child.result;
}

static nanos milliseconds(long ms) {
  return (int)ms < 0 ? FOREVER : (int)ms * 1000000LL;
}

static nanos optional(const void *timeout) {
  return timeout ? nanos_of(timeout) : FOREVER;
}

long wait_call(const struct call *call, int *handled) {
  const long *a = call->args;
  *handled = 1;
  switch (call->number) {
    case SYS_poll: return poll_call(call, milliseconds(a[2]), 0);
    case SYS_ppoll: {
      nanos deadline = after(optional((void *)a[2]));
      long result = poll_call(call, optional((void *)a[2]), (void *)a[3]);
      if (a[2] && deadline != FOREVER) *(struct timespec *)a[2] = timespec_of(time_left(deadline));
      return result;
    }
    case SYS_select: {
      const struct timeval *t = (void *)a[4];
      return select_call(call, t ? t->tv_sec * SECOND + t->tv_usec * 1000LL : FOREVER, 0);
    }
    case SYS_pselect6: {
      const uint64_t *const *mask = (void *)a[5];
      return select_call(call, optional((void *)a[4]), mask ? mask[0] : 0);
    }
    case SYS_epoll_wait: return epoll_call(call, milliseconds(a[3]), 0);
    case SYS_epoll_pwait: return epoll_call(call, milliseconds(a[3]), (void *)a[4]);
    case SYS_epoll_pwait2: return epoll_call(call, optional((void *)a[3]), (void *)a[4]);
    case SYS_wait4:
    case SYS_waitid: return wait_for_child(call);
    case SYS_futex: return futex_call(call);
    case SYS_sched_yield: return pass_moment(), 0;
  }
  return *handled = 0;
}
