// Signals wait until the task has its turn: a handler runs where the system call that it interrupts returns.
#include "shim.h"
#include <signal.h>

#define SA_RESTORER 0x04000000

struct action {
  uintptr_t handler;
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

#define SIGNALS 64
/** The program's own, where on_signal stands before them. */
static uintptr_t handlers[SIGNALS + 1];
/** What the program believes of SIGSYS, which is ours. */
static struct action pretended;

uint64_t block_signals(void) {
  uint64_t all = ~0ULL, old = 0;
  RAW(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
  return old;
}

void set_signals(uint64_t mask) {
  mask &= ~SIGNAL_BIT(SIGSYS);
  RAW(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

/** Runs the handlers of what is pending under `mask` here and now, for calls that change the mask while they wait. */
void deliver_signals(uint64_t mask) {
  set_signals(mask);
  block_signals();
}

static int ignored(int signal, const struct action *action) {
  if (action->handler == (uintptr_t)SIG_IGN) return 1;
  if (action->handler != (uintptr_t)SIG_DFL) return 0;
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

/** True when a signal wants to be handled under `mask`; `flags` are those of its handler. Drops what would be ignored. */
int signal_pending(uint64_t mask, unsigned long *flags) {
  uint64_t pending = 0;
  RAW(SYS_rt_sigpending, &pending, 8);
  pending &= ~mask & ~SIGNAL_BIT(SIGSYS);
  for (int signal = 1; pending >> (signal - 1); signal++) {
    if (!(pending & SIGNAL_BIT(signal))) continue;
    struct action action;
    RAW(SYS_rt_sigaction, signal, 0, &action, 8);
    if (!ignored(signal, &action)) {
      if (flags) *flags = action.flags;
      return 1;
    }
    uint64_t one = SIGNAL_BIT(signal);
    struct timespec zero = {0, 0};
    RAW(SYS_rt_sigtimedwait, &one, 0, &zero, 8);
    if (signal == 64) break;
  }
  return 0;
}

static long change_mask(const struct call *call) {
  const uint64_t *set = (void *)call->args[1];
  uint64_t *old = (void *)call->args[2], mask = CLIENT_MASK(call);
  if (call->args[3] != 8) return -EINVAL;
  uint64_t next = mask;
  if (set) {
    if (call->args[0] == SIG_BLOCK) next |= *set;
    else if (call->args[0] == SIG_UNBLOCK) next &= ~*set;
    else if (call->args[0] == SIG_SETMASK) next = *set;
    else return -EINVAL;
  }
  if (old) *old = mask;
  CLIENT_MASK(call) = next & ~SIGNAL_BIT(SIGSYS);
  return 0;
}

/** Handlers that are told who has sent the signal hear the number that the client knows (pids.c). */
static void on_signal(int signal, siginfo_t *info, void *context) {
  int from_process = info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE;
  if (from_process || (signal == SIGCHLD && info->si_code > 0)) info->si_pid = shown_pid(info->si_pid);
  ((void (*)(int, siginfo_t *, void *))handlers[signal])(signal, info, context);
}

static int is_informed(const struct action *action) {
  return action->flags & SA_SIGINFO && action->handler != (uintptr_t)SIG_DFL && action->handler != (uintptr_t)SIG_IGN;
}

static long change_action(const struct call *call) {
  int signal = call->args[0];
  const struct action *set = (void *)call->args[1];
  struct action *old = (void *)call->args[2];
  if (signal == SIGSYS) {
    struct action before = pretended;
    if (set) pretended = *set;
    if (old) *old = before;
    return 0;
  }
  struct action own = {0}, before = {0};
  int known = signal > 0 && signal <= SIGNALS;
  uintptr_t handler = known ? handlers[signal] : 0;
  if (set) own = *set;
  if (set && known && is_informed(set)) {
    handlers[signal] = set->handler;
    own.handler = (uintptr_t)on_signal;
  }
  own.mask &= ~SIGNAL_BIT(SIGSYS);
  own.flags |= SA_RESTORER;
  own.restorer = gate_restore;
  long result = RAW(SYS_rt_sigaction, signal, set ? &own : 0, &before, call->args[3]);
  if (before.handler == (uintptr_t)on_signal) before.handler = handler;
  if (old && result == 0) *old = before;
  return result;
}

static int received(void *what) {
  long *a = what;
  struct timespec zero = {0, 0};
  a[3] = RAW(SYS_rt_sigtimedwait, a[0], a[1], &zero, 8);
  return a[3] != -EAGAIN;
}

static long wait_signal(const struct call *call) {
  const struct timespec *timeout = (void *)call->args[2];
  long what[4] = {call->args[0], call->args[1], 0, 0};
  uint64_t wanted = *(uint64_t *)call->args[0];
  nanos deadline = timeout ? after(nanos_of(timeout)) : FOREVER;
  enum outcome outcome = wait_until(CLIENT_MASK(call) | wanted, WAIT_SLEEP, deadline, received, what);
  return outcome == READY ? what[3] : outcome == LATE ? -EAGAIN : -EINTR;
}

static long suspend(const struct call *call) {
  uint64_t mask = call->number == SYS_pause ? CLIENT_MASK(call) : *(uint64_t *)call->args[0];
  wait_until(mask, WAIT_SLEEP, FOREVER, 0, 0);
  if (call->number == SYS_rt_sigsuspend) deliver_signals(mask);
  return -EINTR;
}

long signal_call(const struct call *call, int *handled) {
  *handled = 1;
  switch (call->number) {
    case SYS_rt_sigprocmask: return change_mask(call);
    case SYS_rt_sigaction: return change_action(call);
    case SYS_rt_sigreturn: gate_return(call->context->uc_mcontext.gregs[REG_RSP]);
    case SYS_rt_sigtimedwait: return wait_signal(call);
    case SYS_pause:
    case SYS_rt_sigsuspend: return suspend(call);
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_send_signal:
      tell(UP_SIGNALLED, 0, 0, 0, 0);
      return pass(call);
  }
  return *handled = 0;
}
