// Children, threads, exec and exit. A child is told of before its parent gives the turn back, and waits for its own.
#include "shim.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>

enum mode { THREAD, FORK, SPAWN };

/** Where a child with a stack of its own goes on; gate_clone knows the order of the first fourteen. */
struct start {
  long r8, r9, r10, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rsp, rip;
  enum mode mode;
  struct task *task;
  uint64_t mask;
};

static volatile int in_spawn;
/** What the child that uses our memory has become; empty: nothing. */
static char spawned[4096];

/** True in a child that uses its parent's memory until it calls exec, as that of posix_spawn does. */
int spawning(void) {
  return in_spawn;
}

static void become_process(void) {
  forget_links();
  forget_timers();
  self = new_task();
  attach(self);
  become_child();
  arm_traps();
}

/** First thing that a child does on a stack of its own. */
void child_begin(void *at) {
  struct start *start = at;
  if (start->mode == THREAD) {
    self = start->task;
    attach(self);
  } else if (start->mode == FORK) {
    become_process();
  }
  if (start->mode != FORK) arm_traps();
  set_signals(start->mask);
}

static long forked(long result) {
  if (result == 0) become_process();
  if (result <= 0) return result;
  tell(UP_BORN, result, 0, 0, 0);
  return number_child(result);
}

static struct start *prepare(const struct call *call, uintptr_t stack, enum mode mode, struct task *task) {
  const greg_t *r = call->context->uc_mcontext.gregs;
  struct start *start = (struct start *)((stack - sizeof *start - 128) & ~63UL);
  *start = (struct start){r[REG_R8],  r[REG_R9],  r[REG_R10], r[REG_R12], r[REG_R13], r[REG_R14], r[REG_R15], r[REG_RDI],
                          r[REG_RSI], r[REG_RBP], r[REG_RBX], r[REG_RDX], stack,      r[REG_RIP], mode,       task,
                          CLIENT_MASK(call)};
  return start;
}

static enum mode mode_of(uint64_t flags) {
  if (flags & CLONE_THREAD) return THREAD;
  return flags & CLONE_VM ? SPAWN : FORK;
}

static void begin_spawn(void) {
  in_spawn = 1;
  *spawned = 0;
}

/** The child owns its stack now: nothing may be read from its start any more. */
static long begun(enum mode mode, struct task *task, long result) {
  if (mode == SPAWN) in_spawn = 0;
  if (result < 0 && task) task->used = 0;
  int lost = mode == SPAWN && !*spawned;
  if (result <= 0) return result;
  tell(UP_BORN, result, lost, spawned, mode == SPAWN ? strlen(spawned) : 0);
  return number_child(result);
}

static long clone_call(const struct call *call) {
  long a[5];
  memcpy(a, call->args, sizeof a);
  // A parent that the kernel holds until exec could not give its child the turn.
  if (!a[1]) return forked(RAW(SYS_clone, a[0] & ~(CLONE_VM | CLONE_VFORK), 0, a[2], a[3], a[4]));
  enum mode mode = mode_of(a[0]);
  struct task *task = mode == THREAD ? new_task() : 0;
  struct start *start = prepare(call, a[1], mode, task);
  if (mode == SPAWN) begin_spawn(), a[0] |= CLONE_VFORK;
  else a[0] &= ~CLONE_VFORK;
  return begun(mode, task, gate_clone(SYS_clone, a[0], (long)start, a[2], a[3], a[4]));
}

static long clone3_call(const struct call *call) {
  struct clone_args own;
  size_t size = call->args[1] < (long)sizeof own ? (size_t)call->args[1] : sizeof own;
  memset(&own, 0, sizeof own);
  memcpy(&own, (void *)call->args[0], size);
  if (!own.stack) {
    own.flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
    return forked(RAW(SYS_clone3, &own, size));
  }
  enum mode mode = mode_of(own.flags);
  struct task *task = mode == THREAD ? new_task() : 0;
  struct start *start = prepare(call, own.stack + own.stack_size, mode, task);
  if (mode == SPAWN) begin_spawn(), own.flags |= CLONE_VFORK;
  else own.flags &= ~(uint64_t)CLONE_VFORK;
  own.stack_size = (uintptr_t)start - own.stack;
  return begun(mode, task, gate_clone(SYS_clone3, (long)&own, size, 0, 0, 0));
}

static int names(const char *entry, const char *name) {
  size_t length = strlen(name);
  return !strncmp(entry, name, length) && entry[length] == '=';
}

static char *compose(char *out, const char *name, const char *value) {
  strcpy(out, name);
  strcat(out, value);
  return out;
}

/** The next program needs the shim, whatever environment it is given. */
static long exec_call(const struct call *call) {
  static char preload[sizeof shim_path + 4096], shim[sizeof shim_path + 32], link[sizeof link_path + 32], alarm[80];
  int at = call->number == SYS_execve ? 2 : 3;
  char **given = (char **)call->args[at];
  size_t count = 0, kept = 0;
  while (given && given[count]) count++;
  char *env[count + 5];
  compose(preload, "LD_PRELOAD=", shim_path);
  for (size_t i = 0; i < count; i++) {
    if (names(given[i], "METERPROOF_LINK") || names(given[i], "METERPROOF_SHIM")) continue;
    if (names(given[i], "METERPROOF_ALARM")) continue;
    if (!names(given[i], "LD_PRELOAD")) env[kept++] = given[i];
    else if (strstr(given[i], shim_path)) strncpy(preload, given[i], sizeof preload - 1);
    else if (strlen(given[i]) < 4096) strcat(compose(preload, given[i], ":"), shim_path);
  }
  env[kept++] = preload;
  env[kept++] = compose(shim, "METERPROOF_SHIM=", shim_path);
  env[kept++] = compose(link, "METERPROOF_LINK=", link_path);
  if (!in_spawn && *hand_over_alarm()) env[kept++] = compose(alarm, "METERPROOF_ALARM=", hand_over_alarm());
  env[kept] = 0;
  struct call own = *call;
  own.args[at] = (long)env;
  const char *path = (char *)call->args[at - 2];
  size_t length = strnlen(path, sizeof spawned - 1);
  if (!in_spawn) tell(UP_EXEC, 0, 0, path, length);
  else memcpy(spawned, path, length), spawned[length] = 0;
  set_signals(CLIENT_MASK(call));
  long result = pass(&own);
  block_signals();
  if (!in_spawn) tell(UP_HERE, 0, 0, 0, 0);
  else *spawned = 0;
  return result;
}

static long exit_call(const struct call *call) {
  int link = self->link;
  self->used = 0;
  tell(UP_EXIT, 0, 0, 0, 0);
  // Others have the turn from here on.
  RAW(SYS_close, link);
  return pass(call);
}

long process_call(const struct call *call, int *handled) {
  *handled = 1;
  switch (call->number) {
    case SYS_fork:
    case SYS_vfork: return forked(RAW(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    case SYS_clone: return clone_call(call);
    case SYS_clone3: return clone3_call(call);
    case SYS_execve:
    case SYS_execveat: return exec_call(call);
    case SYS_exit:
      if (in_spawn) break;
      return exit_call(call);
  }
  return *handled = 0;
}
