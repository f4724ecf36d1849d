// Ids of processes and threads: numbers in the order of births, the same in every run. All processes of the client share the table.
#include "shim.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define MAX_PIDS (1 << 20)

struct table {
  uint32_t first;  // more than any id that Linux gives: what is not below is ours, whoever brings it
  uint32_t count;
  int32_t real[MAX_PIDS];  // the first is whoever started the client
  nanos born[MAX_PIDS];    // in case time
};

/** Absent: the ids are the real ones. */
static struct table *table;
static long own, parent, real_parent;

static long add(long real) {
  if (table->count == MAX_PIDS) return real;
  table->real[table->count] = real;
  table->born[table->count] = now;
  return table->first + table->count++;
}

/** In the table, of the latest who had that id: the kernel gives them again. -1: nobody. */
static long place_of(long real) {
  for (uint32_t i = table && real > 0 ? table->count : 0; i-- > 0;)
    if (table->real[i] == real) return i;
  return -1;
}

long shown_pid(long real) {
  long place = place_of(real);
  return place < 0 ? real : table->first + place;
}

/** When a process of the client was born, in case time; FOREVER: it is none, but at most whoever started it. */
nanos born_at(long real) {
  long place = place_of(real);
  return place < 0 ? FOREVER : table->born[place];
}

int numbers_pids(void) {
  return table != 0;
}

/** The id that the kernel knows; a group's is below zero. */
long real_pid(long pid) {
  if (pid < 0 && pid > INT32_MIN) return -real_pid(-pid);
  long place = table ? pid - (long)table->first : -1;
  return place >= 0 && place < (long)table->count ? table->real[place] : pid;
}

static void know_parent(void) {
  real_parent = RAW(SYS_getppid);
  parent = shown_pid(real_parent);
}

/** In a program that begins, at its first turn. The harness makes the table, and writes the first number, where ids are to be numbered. */
void begin_pids(void) {
  char path[sizeof link_path + 8];
  strcat(strcpy(path, link_path), ".pids");
  long fd = RAW(SYS_open, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  if (RAW(SYS_ftruncate, fd, sizeof *table) == 0) {
    long at = RAW(SYS_mmap, 0, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at > 0) table = (void *)at;
  }
  RAW(SYS_close, fd);
  if (!table) return;
  if (table->count == 0) add(RAW(SYS_getppid)), add(RAW(SYS_getpid)), table->born[0] = FOREVER;
  own = shown_pid(RAW(SYS_getpid));
  know_parent();
}

/** In the parent, with the turn: the child must not be seen before it has its number. */
long number_child(long real) {
  return table ? add(real) : real;
}

/** In a child, at its first turn. */
void become_child(void) {
  if (!table) return;
  own = shown_pid(RAW(SYS_getpid));
  know_parent();
}

static long ask_parent(void) {
  if (RAW(SYS_getppid) != real_parent) know_parent();
  return parent;
}

/** Which argument of a call is a process, or a group of them; -1: none. */
static int pid_argument(const struct call *call) {
  switch (call->number) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_wait4:
    case SYS_getpgid:
    case SYS_getsid:
    case SYS_setpgid:
    case SYS_pidfd_open:
    case SYS_prlimit64:
    case SYS_get_robust_list:
    case SYS_sched_setparam:
    case SYS_sched_getparam:
    case SYS_sched_setscheduler:
    case SYS_sched_getscheduler:
    case SYS_sched_rr_get_interval:
    case SYS_sched_setaffinity:
    case SYS_sched_getaffinity:
    case SYS_sched_setattr:
    case SYS_sched_getattr: return 0;
    case SYS_waitid: return call->args[0] == P_PID || call->args[0] == P_PGID ? 1 : -1;
    case SYS_getpriority:
    case SYS_setpriority: return 1;
  }
  return -1;
}

static int path_argument(long number) {
  switch (number) {
    case SYS_open:
    case SYS_stat:
    case SYS_lstat:
    case SYS_access:
    case SYS_readlink:
    case SYS_chdir: return 0;
    case SYS_openat:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_readlinkat: return 1;
  }
  return -1;
}

/** `/proc/<id>/task/<id>/…` with the ids that the kernel knows. */
static const char *real_path(const char *path) {
  static char real[4096];
  if (!path || strncmp(path, "/proc/", 6) || strlen(path) > sizeof real / 2) return path;
  char *to = real;
  for (const char *at = path; *at;) {
    const char *end = strchrnul(at + 1, '/');
    long pid = 0;
    const char *digit = at + 1;
    for (; *digit >= '0' && *digit <= '9' && pid < INT32_MAX; digit++) pid = pid * 10 + (*digit - '0');
    *to++ = '/';
    if (digit == end && end > at + 1) to = write_number(to, real_pid(pid), 1);
    else memcpy(to, at + 1, end - at - 1), to += end - at - 1;
    at = end;
  }
  *to = 0;
  return real;
}

/** Puts real ids in place of ours before the call is looked at. */
void real_pids(struct call *call) {
  if (!table) return;
  int at = pid_argument(call);
  if (at >= 0) call->args[at] = real_pid((int)call->args[at]);
  if (call->number == SYS_tgkill || call->number == SYS_rt_tgsigqueueinfo || call->number == SYS_setpgid)
    call->args[1] = real_pid((int)call->args[1]);
  at = path_argument(call->number);
  if (at >= 0) call->args[at] = (long)real_path((char *)call->args[at]);
}

/** Puts ours in place of real ones in what a call has answered. */
long shown_pids(const struct call *call, long result) {
  if (!table || result < 0) return result;
  switch (call->number) {
    case SYS_wait4:
    case SYS_getpgid:
    case SYS_getpgrp:
    case SYS_getsid:
    case SYS_setsid: return shown_pid(result);
    case SYS_rt_sigtimedwait: {
      siginfo_t *info = (void *)call->args[1];
      if (info && info->si_code != SI_TIMER) info->si_pid = shown_pid(info->si_pid);
      return result;
    }
    case SYS_waitid: {
      siginfo_t *info = (void *)call->args[2];
      if (info && info->si_pid > 0) info->si_pid = shown_pid(info->si_pid);
    }
  }
  return result;
}

long pid_call(const struct call *call, int *handled) {
  *handled = 1;
  if (table) switch (call->number) {
      case SYS_getpid: return own;
      case SYS_getppid: return ask_parent();
      case SYS_gettid: return shown_pid(self->tid);
    }
  return *handled = 0;
}
