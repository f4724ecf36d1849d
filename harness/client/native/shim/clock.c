// What the clocks show. The functions of libc are replaced too: they read the clock without a system call.
#include "shim.h"
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>

/** Monotonic clocks start here: as if the machine had been up for a while. */
#define UPTIME (1000 * SECOND)
#define TICK (SECOND / 100)

nanos now, wall;

nanos nanos_of(const struct timespec *time) {
  if (time->tv_sec >= FOREVER / SECOND - 1) return FOREVER;
  return time->tv_sec * SECOND + time->tv_nsec;
}

struct timespec timespec_of(nanos time) {
  struct timespec t = {time / SECOND, time % SECOND};
  if (t.tv_nsec < 0) t.tv_sec--, t.tv_nsec += SECOND;
  return t;
}

/** True for clocks that a play can set. */
int is_wall(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

/** What a clock shows at case time 0; meaningful for the clocks that are ours. */
nanos clock_base(clockid_t clock) {
  return is_wall(clock) ? wall : UPTIME;
}

/** The end of a time-out that starts now. */
nanos after(nanos timeout) {
  if (timeout <= 0) return now;
  return timeout >= FOREVER - now ? FOREVER : now + timeout;
}

/** Clocks of processor time run by themselves. */
static int ours(clockid_t clock) {
  return shim_on && clock >= 0 && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID;
}

static long read_clock(clockid_t clock, struct timespec *time) {
  if (!ours(clock)) return RAW(SYS_clock_gettime, clock, time);
  spin(1);
  *time = timespec_of(now + clock_base(clock));
  return 0;
}

static long read_time_of_day(struct timeval *time, struct timezone *zone) {
  struct timespec t;
  read_clock(CLOCK_REALTIME, &t);
  if (time) *time = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
  if (zone) *zone = (struct timezone){0, 0};
  return 0;
}

static long sleep_until(const struct call *call, int kind, nanos deadline, struct timespec *left) {
  enum outcome outcome = wait_until(CLIENT_MASK(call), kind, deadline, 0, 0);
  if (outcome == LATE) return 0;
  if (left) *left = timespec_of(deadline - now);
  return interrupted();
}

static int valid(const struct timespec *time) {
  return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < SECOND;
}

static long clock_sleep(const struct call *call) {
  const struct timespec *time = (void *)call->args[2];
  if (!ours(call->args[0])) return pass(call);
  if (!valid(time)) return -EINVAL;
  if (!(call->args[1] & TIMER_ABSTIME))
    return sleep_until(call, WAIT_SLEEP, after(nanos_of(time)), (void *)call->args[3]);
  nanos at = nanos_of(time);
  int kind = is_wall(call->args[0]) ? WAIT_SLEEP | ON_WALL : WAIT_SLEEP;
  return sleep_until(call, kind, at == FOREVER ? at : at - clock_base(call->args[0]), 0);
}

long clock_call(const struct call *call, int *handled) {
  const long *a = call->args;
  *handled = 1;
  switch (call->number) {
    case SYS_clock_gettime: return read_clock(a[0], (void *)a[1]);
    case SYS_gettimeofday: return read_time_of_day((void *)a[0], (void *)a[1]);
    case SYS_time: {
      struct timespec t;
      read_clock(CLOCK_REALTIME, &t);
      if (a[0]) *(time_t *)a[0] = t.tv_sec;
      return t.tv_sec;
    }
    case SYS_times: {
      long result = pass(call);
      return result < 0 ? result : (now + UPTIME) / TICK;
    }
    case SYS_clock_nanosleep: return clock_sleep(call);
    case SYS_nanosleep:
      if (!valid((void *)a[0])) return -EINVAL;
      return sleep_until(call, WAIT_SLEEP, after(nanos_of((void *)a[0])), (void *)a[1]);
    case SYS_sysinfo: {
      long result = pass(call);
      if (result == 0) ((struct sysinfo *)a[0])->uptime = (now + UPTIME) / SECOND;
      return result;
    }
    // A client that sets the clock of the machine has none to set here.
    case SYS_clock_settime:
    case SYS_settimeofday:
    case SYS_adjtimex:
    case SYS_clock_adjtime: return -EPERM;
  }
  return *handled = 0;
}

#define EXPORT __attribute__((visibility("default")))

static int result_of(long result) {
  if (result >= 0) return 0;
  errno = -result;
  return -1;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *time) {
  return result_of(read_clock(clock, time));
}

EXPORT int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  return result_of(read_time_of_day(time, zone));
}

EXPORT time_t time(time_t *result) {
  struct timespec t;
  read_clock(CLOCK_REALTIME, &t);
  if (result) *result = t.tv_sec;
  return t.tv_sec;
}

EXPORT int timespec_get(struct timespec *time, int base) {
  if (base != TIME_UTC) return 0;
  read_clock(CLOCK_REALTIME, time);
  return base;
}
