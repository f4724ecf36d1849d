// Futexes, on which all locks, condition variables, semaphores and joins of threads wait. The queues are kept here, in
// order of arrival, so that who is woken never depends on the scheduler.
#include "shim.h"
#include <linux/futex.h>

static uint64_t arrivals;

struct waiting {
  struct task *task;
  uint32_t value;
  int shared;
};

static int woken(void *what) {
  const struct waiting *w = what;
  const struct futex_waiter *futex = &w->task->futex;
  // The kernel, or another process, wakes those who wait on shared memory: their word changes.
  return futex->woken || (w->shared && __atomic_load_n(futex->word, __ATOMIC_SEQ_CST) != w->value);
}

/** `on_wall` is ON_WALL, or 0. */
static long wait_on(const struct call *call, uint32_t bitset, nanos deadline, int on_wall) {
  const uint32_t *word = (void *)call->args[0];
  uint32_t value = call->args[2];
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) return -EAGAIN;
  self->futex = (struct futex_waiter){word, bitset, 1, 0, ++arrivals};
  struct waiting waiting = {self, value, !(call->args[1] & FUTEX_PRIVATE_FLAG)};
  int kind = waiting.shared ? WAIT_FILE : WAIT_PROCESS;
  enum outcome outcome = wait_until(CLIENT_MASK(call), kind | on_wall, deadline, woken, &waiting);
  self->futex.waiting = 0;
  self->progress = 1;
  if (outcome == READY) return 0;
  if (outcome == LATE) return -ETIMEDOUT;
  return deadline == FOREVER ? restarted() : interrupted();
}

static struct task *first_waiter(const uint32_t *word, uint32_t bitset) {
  struct task *first = 0;
  for (int i = 0; i < MAX_TASKS; i++) {
    struct futex_waiter *futex = &tasks[i].futex;
    if (!tasks[i].used || !futex->waiting || futex->woken || futex->word != word || !(futex->bitset & bitset)) continue;
    if (!first || futex->sequence < first->futex.sequence) first = &tasks[i];
  }
  return first;
}

static long wake(const uint32_t *word, int count, uint32_t bitset) {
  long done = 0;
  for (struct task *task; done < count && (task = first_waiter(word, bitset)); done++) task->futex.woken = 1;
  return done;
}

static long requeue(const uint32_t *from, const uint32_t *to, int wakes, int moves) {
  long done = wake(from, wakes, ~0u);
  for (struct task *task; moves-- > 0 && (task = first_waiter(from, ~0u)); done++) task->futex.word = to;
  return done;
}

/** FUTEX_WAKE_OP packs an operation and a comparison into one word (futex(2)). */
static long wake_op(uint32_t *first, int wakes, uint32_t *second, int more, uint32_t packed) {
  uint32_t operand = packed >> 12 & 0xfff, against = packed & 0xfff, old = *second;
  if (packed >> 28 & FUTEX_OP_OPARG_SHIFT) operand = 1u << (operand & 31);
  switch (packed >> 28 & 7) {
    case FUTEX_OP_SET: *second = operand; break;
    case FUTEX_OP_ADD: *second = old + operand; break;
    case FUTEX_OP_OR: *second = old | operand; break;
    case FUTEX_OP_ANDN: *second = old & ~operand; break;
    case FUTEX_OP_XOR: *second = old ^ operand; break;
    default: return -ENOSYS;
  }
  int hit = 0;
  switch (packed >> 24 & 15) {
    case FUTEX_OP_CMP_EQ: hit = old == against; break;
    case FUTEX_OP_CMP_NE: hit = old != against; break;
    case FUTEX_OP_CMP_LT: hit = (int)old < (int)against; break;
    case FUTEX_OP_CMP_LE: hit = (int)old <= (int)against; break;
    case FUTEX_OP_CMP_GT: hit = (int)old > (int)against; break;
    case FUTEX_OP_CMP_GE: hit = (int)old >= (int)against; break;
  }
  return wake(first, wakes, ~0u) + (hit ? wake(second, more, ~0u) : 0);
}

static int lock_freed(void *what) {
  return *(volatile uint32_t *)what == 0;
}

/** Priority inheritance means nothing where one task runs at a time: an ordinary lock with the owner's id in its word. */
static long lock_pi(const struct call *call, nanos deadline, int on_wall) {
  uint32_t *word = (void *)call->args[0];
  if ((*word & FUTEX_TID_MASK) == (uint32_t)self->tid) return -EDEADLK;
  enum outcome outcome = wait_until(NO_SIGNALS, WAIT_PROCESS | on_wall, deadline, lock_freed, word);
  if (outcome == LATE) return -ETIMEDOUT;
  *word = self->tid;
  return 0;
}

static nanos absolute(const struct call *call, clockid_t clock) {
  const struct timespec *time = (void *)call->args[3];
  nanos at = time ? nanos_of(time) : FOREVER;
  return at == FOREVER ? at : at - clock_base(clock);
}

long futex_call(const struct call *call) {
  const long *a = call->args;
  int operation = a[1] & FUTEX_CMD_MASK;
  clockid_t clock = a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  int on_wall = clock == CLOCK_REALTIME ? ON_WALL : 0;
  const struct timespec *timeout = (void *)a[3];
  switch (operation) {
    case FUTEX_WAIT: return wait_on(call, ~0u, timeout ? after(nanos_of(timeout)) : FOREVER, 0);
    case FUTEX_WAIT_BITSET: return a[5] ? wait_on(call, a[5], absolute(call, clock), on_wall) : -EINVAL;
    case FUTEX_WAKE: return wake((void *)a[0], a[2], ~0u);
    case FUTEX_WAKE_BITSET: return wake((void *)a[0], a[2], a[5]);
    case FUTEX_REQUEUE: return requeue((void *)a[0], (void *)a[4], a[2], a[3]);
    case FUTEX_CMP_REQUEUE:
      if (*(volatile uint32_t *)a[0] != (uint32_t)a[5]) return -EAGAIN;
      return requeue((void *)a[0], (void *)a[4], a[2], a[3]);
    case FUTEX_WAKE_OP: return wake_op((void *)a[0], a[2], (void *)a[4], a[3], a[5]);
    case FUTEX_LOCK_PI: return lock_pi(call, absolute(call, CLOCK_REALTIME), ON_WALL);
    case FUTEX_LOCK_PI2: return lock_pi(call, absolute(call, clock), on_wall);
    case FUTEX_TRYLOCK_PI:
      if (*(uint32_t *)a[0] & FUTEX_TID_MASK) return -EAGAIN;
      *(uint32_t *)a[0] = self->tid;
      return 0;
    case FUTEX_UNLOCK_PI: *(uint32_t *)a[0] = 0; return 0;
  }
  return -ENOSYS;
}
