// Where every system call of the program arrives, and where the shim starts.
#include "shim.h"
#include <signal.h>
#include <sys/personality.h>

#define SA_RESTORER 0x04000000

int shim_on;

/** The call as it stands. */
long pass(const struct call *call) {
  const long *a = call->args;
  return gate(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long answer(const struct call *call) {
  int handled = 0;
  long result = pid_call(call, &handled);
  if (!handled) result = signal_call(call, &handled);
  if (!handled) result = process_call(call, &handled);
  // Between clone and exec the child uses the memory of its parent: what it does to its descriptors is not the parent's.
  if (!handled && spawning()) return pass(call);
  if (!handled) result = io_call(call, &handled);
  if (!handled) result = ipc_call(call, &handled);
  if (!handled) result = proc_call(call, &handled);
  if (!handled) result = wait_call(call, &handled);
  if (!handled) result = made_call(call, &handled);
  if (!handled) result = clock_call(call, &handled);
  if (!handled) result = socket_call(call, &handled);
  if (!handled) result = file_call(call, &handled);
  if (!handled) result = random_call(call, &handled);
  if (!handled) result = timer_call(call, &handled);
  return handled ? result : pass(call);
}

static void on_trap(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  greg_t *r = uc->uc_mcontext.gregs;
  struct call call = {r[REG_RAX], {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]}, uc};
  (void)signal, (void)info;
  if (!spawning()) self->number = call.number;
  real_pids(&call);
  long result = shown_pids(&call, answer(&call));
  if (result == RESTART) {
    r[REG_RIP] -= 2;
    r[REG_RAX] = call.number;
  } else {
    r[REG_RAX] = result;
  }
}

static const char *variable(char **env, const char *name) {
  size_t length = strlen(name);
  for (; *env; env++)
    if (!strncmp(*env, name, length) && (*env)[length] == '=') return *env + length + 1;
  return 0;
}

/** Keeps what exec has to hand on: a program may empty its environment. False without a harness. */
static int remember(char **env) {
  const char *link = variable(env, "METERPROOF_LINK"), *preload = variable(env, "METERPROOF_SHIM");
  if (!link || !preload || strlen(link) >= sizeof link_path || strlen(preload) >= sizeof shim_path) return 0;
  strcpy(link_path, link);
  strcpy(shim_path, preload);
  return 1;
}

/** Addresses decide the order of what is hashed by address: the same ones in each run, where the system allows it. */
static void fix_addresses(char **argv, char **env) {
  char program[4096];
  long old = RAW(SYS_personality, 0xffffffff);
  if (old < 0 || old & ADDR_NO_RANDOMIZE || RAW(SYS_personality, old | ADDR_NO_RANDOMIZE) < 0) return;
  long length = RAW(SYS_readlink, "/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = 0;
  RAW(SYS_execve, program, argv, env);
}

/** Called by the loader before the program and its other libraries. */
__attribute__((constructor)) static void start(int argc, char **argv, char **env) {
  (void)argc;
  if (!remember(env)) return;
  fix_addresses(argv, env);
  struct {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
  } action = {on_trap, SA_SIGINFO | SA_RESTORER, gate_restore, ~0ULL};
  uint64_t mask = block_signals();
  RAW(SYS_rt_sigaction, SIGSYS, &action, 0, 8);
  self = new_task();
  attach(self);
  begin_pids();
  const char *alarm = variable(env, "METERPROOF_ALARM");
  if (alarm) take_over_alarm(alarm);
  find_random_devices();
  trap_clocks();
  shim_on = 1;
  if (arm_traps() < 0) broken("this kernel has no syscall user dispatch (Linux 5.11 or newer, x86-64)");
  set_signals(mask);
}
