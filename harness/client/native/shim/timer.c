// Timers of the process: setitimer and alarm, timerfd, timer_create. They are due at case times and fire in a turn.
#include "shim.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#define MAX_TIMERS 256

enum use { UNUSED, ALARM, DESCRIPTOR, POSIX };

struct schedule {
  nanos due, period;  // due: FOREVER when it is not armed
  int on_wall;        // due at a time of the wall clock
  nanos wall;         // as it was when due was reckoned
  uint64_t unread;    // expirations that its descriptor does not show yet
};

struct timer {
  enum use use;
  clockid_t clock;
  struct schedule *at;  // of a descriptor: shared with the processes that inherit it, of which the first to come fires it
  int fd;               // one of its descriptors
  struct sigevent event;
  int overrun;
};

static struct schedule own[MAX_TIMERS] = {{.due = FOREVER}};
/** The first is that of setitimer. */
static struct timer timers[MAX_TIMERS] = {{.use = ALARM, .clock = CLOCK_MONOTONIC, .at = own, .fd = -1}};
/** By descriptor: which timer it shows, 0 for none. */
static uint8_t timer_of[MAX_FD];

nanos next_timer(void) {
  nanos next = FOREVER;
  for (int i = 0; i < MAX_TIMERS; i++)
    if (timers[i].use && timers[i].at->due < next) next = timers[i].at->due;
  return next;
}

/** Expirations up to now. */
static uint64_t expire(struct schedule *at) {
  uint64_t count = 1;
  if (at->period > 0) {
    count += (now - at->due) / at->period;
    at->due += count * at->period;
  } else {
    at->due = FOREVER;
  }
  return count;
}

/** Who has not read the last expirations is not woken for more, as by a timerfd. */
static void show(struct timer *timer, uint64_t count) {
  if (fd_ready(timer->fd, POLLIN)) timer->at->unread += count;
  else RAW(SYS_write, timer->fd, &count, 8);
}

static void notify(struct timer *timer, int id) {
  siginfo_t info = {0};
  if (timer->event.sigev_notify == SIGEV_NONE) return;
  info.si_signo = timer->event.sigev_signo;
  info.si_code = SI_TIMER;
  info.si_value = timer->event.sigev_value;
  info.si_timerid = id;
  long pid = RAW(SYS_getpid);
  if (timer->event.sigev_notify & SIGEV_THREAD_ID)
    RAW(SYS_rt_tgsigqueueinfo, pid, real_pid(timer->event._sigev_un._tid), info.si_signo, &info);
  else
    RAW(SYS_rt_sigqueueinfo, pid, info.si_signo, &info);
}

/** True when one was due. */
int fire_timers(void) {
  int fired = 0;
  long pid = RAW(SYS_getpid);
  for (int i = 0; i < MAX_TIMERS; i++) {
    struct timer *timer = &timers[i];
    if (!timer->use || timer->at->due > now) continue;
    uint64_t count = expire(timer->at);
    fired = 1;
    if (timer->use == ALARM) RAW(SYS_kill, pid, SIGALRM);
    else if (timer->use == DESCRIPTOR) show(timer, count);
    else timer->overrun = count - 1, notify(timer, i);
  }
  if (fired) tell(UP_SIGNALLED, 0, 0, 0, 0);
  return fired;
}

/** A forked child has no timers but those behind descriptors. */
void forget_timers(void) {
  for (int i = 0; i < MAX_TIMERS; i++) {
    if (timers[i].use == ALARM || timers[i].use == POSIX) timers[i].at->due = FOREVER;
    if (timers[i].use == POSIX) timers[i].use = UNUSED;
  }
}

/** The wall clock is set. Another process may have heard it before. */
void wall_moved(nanos to) {
  for (int i = 0; i < MAX_TIMERS; i++) {
    struct schedule *at = timers[i].at;
    if (!timers[i].use || !at->on_wall || at->due == FOREVER) continue;
    at->due -= to - at->wall;
    at->wall = to;
  }
}

/** The alarm outlives exec: `given` is what hand_over_alarm wrote in the program before. */
void take_over_alarm(const char *given) {
  own[0].due = read_number(&given);
  own[0].period = read_number(&given);
}

/** "" when none is armed. */
const char *hand_over_alarm(void) {
  static char text[48];
  char *end = text;
  if (own[0].due != FOREVER) {
    end = write_number(end, own[0].due, 1);
    *end++ = ' ';
    end = write_number(end, own[0].period, 1);
  }
  *end = 0;
  return text;
}

static struct timer *by_fd(int fd) {
  return fd >= 0 && fd < MAX_FD && timer_of[fd] ? &timers[timer_of[fd]] : 0;
}

/** The timer lives as long as one of its descriptors. */
void timer_fd_closed(int fd) {
  struct timer *timer = by_fd(fd);
  if (!timer) return;
  uint8_t index = timer_of[fd];
  timer_of[fd] = 0;
  uint8_t *other = memchr(timer_of, index, sizeof timer_of);
  if (other) timer->fd = other - timer_of;
  else timer->use = UNUSED, RAW(SYS_munmap, timer->at, sizeof *timer->at);
}

void timer_fd_copied(int from, int to) {
  if (by_fd(from) && to < MAX_FD) timer_of[to] = timer_of[from];
}

/** Before it is read. */
void timer_fd_asked(int fd) {
  struct timer *timer = by_fd(fd);
  if (!timer || !timer->at->unread) return;
  RAW(SYS_write, fd, &timer->at->unread, 8);
  timer->at->unread = 0;
}

static struct timer *unused(void) {
  for (int i = 1; i < MAX_TIMERS; i++)
    if (!timers[i].use) {
      own[i] = (struct schedule){.due = FOREVER};
      timers[i] = (struct timer){.at = &own[i], .fd = -1};
      return &timers[i];
    }
  broken("more than 255 timers in one process");
}

static void get(const struct timer *timer, struct itimerspec *out) {
  const struct schedule *at = timer->at;
  nanos left = at->due == FOREVER ? 0 : at->due > now ? at->due - now : 1;
  *out = (struct itimerspec){timespec_of(at->period), timespec_of(left)};
}

static void set(struct timer *timer, const struct itimerspec *in, int absolute) {
  nanos value = nanos_of(&in->it_value), due = FOREVER;
  uint64_t expirations;
  // Those that nobody has read are forgotten.
  if (timer->use == DESCRIPTOR && fd_ready(timer->fd, POLLIN)) RAW(SYS_read, timer->fd, &expirations, 8);
  if (value != 0) due = !absolute || value == FOREVER ? after(value) : value - clock_base(timer->clock);
  *timer->at = (struct schedule){due, nanos_of(&in->it_interval), absolute && is_wall(timer->clock), wall, 0};
}

static long set_alarm(const struct itimerval *in, struct itimerval *out) {
  struct itimerspec old, next;
  get(&timers[0], &old);
  if (out)
    *out = (struct itimerval){{old.it_interval.tv_sec, old.it_interval.tv_nsec / 1000},
                              {old.it_value.tv_sec, old.it_value.tv_nsec / 1000}};
  if (!in) return 0;
  next = (struct itimerspec){{in->it_interval.tv_sec, in->it_interval.tv_usec * 1000},
                             {in->it_value.tv_sec, in->it_value.tv_usec * 1000}};
  set(&timers[0], &next, 0);
  return 0;
}

static long set_alarm_seconds(unsigned seconds) {
  struct itimerval next = {{0, 0}, {seconds, 0}}, old;
  set_alarm(&next, &old);
  return old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}

/** An eventfd gives what a timerfd gives: the count of expirations, once. */
static long create_fd(clockid_t clock, int flags) {
  struct timer *timer = unused();
  long fd = RAW(SYS_eventfd2, 0, flags & (EFD_NONBLOCK | EFD_CLOEXEC));
  if (fd < 0) return fd;
  if (fd >= MAX_FD) return RAW(SYS_close, fd), -EMFILE;
  long at = RAW(SYS_mmap, 0, sizeof *timer->at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
  if (at < 0) return RAW(SYS_close, fd), at;
  timer->at = (struct schedule *)at;
  timer->at->due = FOREVER;
  timer->use = DESCRIPTOR, timer->clock = clock, timer->fd = fd;
  timer_of[fd] = timer - timers;
  return fd;
}

static long create_posix(clockid_t clock, const struct sigevent *event, int *id) {
  struct timer *timer = unused();
  timer->use = POSIX, timer->clock = clock;
  *id = timer - timers;
  if (event) timer->event = *event;
  else timer->event = (struct sigevent){.sigev_signo = SIGALRM, .sigev_value.sival_int = *id};
  return 0;
}

static struct timer *posix(long id) {
  return id > 0 && id < MAX_TIMERS && timers[id].use == POSIX ? &timers[id] : 0;
}

static long set_or_get(struct timer *timer, const struct itimerspec *in, int absolute, struct itimerspec *out) {
  if (!timer) return -EINVAL;
  if (out) get(timer, out);
  if (in) set(timer, in, absolute);
  return 0;
}

long timer_call(const struct call *call, int *handled) {
  const long *a = call->args;
  *handled = 1;
  switch (call->number) {
    case SYS_alarm: return set_alarm_seconds(a[0]);
    case SYS_setitimer: return a[0] == ITIMER_REAL ? set_alarm((void *)a[1], (void *)a[2]) : pass(call);
    case SYS_getitimer: return a[0] == ITIMER_REAL ? set_alarm(0, (void *)a[1]) : pass(call);
    case SYS_timerfd_create: return create_fd(a[0], a[1]);
    case SYS_timerfd_settime: return set_or_get(by_fd(a[0]), (void *)a[2], a[1] & TFD_TIMER_ABSTIME, (void *)a[3]);
    case SYS_timerfd_gettime: return set_or_get(by_fd(a[0]), 0, 0, (void *)a[1]);
    case SYS_timer_create: return create_posix(a[0], (void *)a[1], (void *)a[2]);
    case SYS_timer_settime: return set_or_get(posix(a[0]), (void *)a[2], a[1] & TIMER_ABSTIME, (void *)a[3]);
    case SYS_timer_gettime: return set_or_get(posix(a[0]), 0, 0, (void *)a[1]);
    case SYS_timer_getoverrun: return posix(a[0]) ? posix(a[0])->overrun : -EINVAL;
    case SYS_timer_delete: {
      struct timer *timer = posix(a[0]);
      if (!timer) return -EINVAL;
      timer->use = UNUSED;
      return 0;
    }
  }
  return *handled = 0;
}
