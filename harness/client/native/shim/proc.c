// What /proc tells of processes: those of the client, under the numbers that they have for it (pids.c).
#include "shim.h"
#include <dirent.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PROC_MAGIC 0x9fa0
#define PROC_ROOT 1
#define TICK (SECOND / 100)
/** Fields of stat (proc(5)), from 1. */
enum { STATE = 3, PARENT = 4, GROUP = 5, SESSION = 6, FOREGROUND = 8, STARTED = 22 };

static const char *parse(const char *at, long *number) {
  *number = -1;
  if (*at < '0' || *at > '9') return at;
  for (*number = 0; *at >= '0' && *at <= '9' && *number < INT32_MAX; at++) *number = *number * 10 + (*at - '0');
  return at;
}

/** One id and what stands before it. */
static char *replace(char *to, const char *from, const char *number) {
  long pid;
  memmove(to, from, number - from);
  to += number - from;
  parse(number, &pid);
  return write_number(to, shown_pid(pid), 1);
}

/** Copies `from` up to its end, with the ids of the fields behind the name; the name may hold anything. */
static char *write_stat(char *to, const char *from) {
  long pid, number;
  parse(from, &pid);
  nanos born = born_at(pid);
  to = replace(to, from, from);
  const char *rest = strchr(from, ' '), *name_end = strrchr(from, ')');
  if (!rest || !name_end) return 0;
  memcpy(to, rest, name_end + 1 - rest);
  to += name_end + 1 - rest;
  int field = STATE - 1;
  for (const char *at = name_end + 1; *at;) {
    if (*at != ' ') {
      *to++ = *at++;
      continue;
    }
    *to++ = *at++;
    field++;
    int is_id = field == PARENT || field == GROUP || field == SESSION || field == FOREGROUND;
    const char *end = parse(at, &number);
    if (number < 0 || !(is_id || field == STARTED)) continue;
    to = write_number(to, is_id ? shown_pid(number) : (born + clock_base(CLOCK_BOOTTIME)) / TICK, 1);
    at = end;
  }
  return to;
}

static char *write_status(char *to, const char *from) {
  static const char *const keys[] = {"Tgid:", "Pid:", "PPid:", "NStgid:", "NSpid:", "NSpgid:", "NSsid:"};
  while (*from) {
    const char *end = strchrnul(from, '\n');
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
      size_t length = strlen(keys[i]);
      if (strncmp(from, keys[i], length)) continue;
      const char *number = from + length;
      while (*number == '\t') number++;
      to = replace(to, from, number);
      from = parse(number, &(long){0});
      break;
    }
    memcpy(to, from, end - from);
    to += end - from;
    if (*end) *to++ = *end++;
    from = end;
  }
  return to;
}

/** `/proc/<id>/stat` or `/proc/<id>/status` of a process of the client; 0: another path. */
char *write_process_file(char *to, size_t room, const char *path) {
  static char text[4096];
  long pid;
  if (!numbers_pids() || strncmp(path, "/proc/", 6)) return 0;
  const char *at = strncmp(path + 6, "self/", 5) ? parse(path + 6, &pid) : (pid = RAW(SYS_getpid), path + 10);
  int is_stat = !strcmp(at, "/stat");
  if (pid < 0 || born_at(pid) == FOREVER || (!is_stat && strcmp(at, "/status"))) return 0;
  long fd = RAW(SYS_open, path, 0, 0);
  if (fd < 0) return 0;
  long length = RAW(SYS_read, fd, text, sizeof text - 1);
  RAW(SYS_close, fd);
  // Each id may become longer by some digits.
  if (length <= 0 || (size_t)length + 256 > room) return 0;
  text[length] = 0;
  return is_stat ? write_stat(to, text) : write_status(to, text);
}

static int is_root(int fd) {
  struct stat info;
  struct statfs system;
  if (RAW(SYS_fstat, fd, &info) < 0 || info.st_ino != PROC_ROOT) return 0;
  return RAW(SYS_fstatfs, fd, &system) == 0 && system.f_type == PROC_MAGIC;
}

/** What the folder /proc holds, without the processes of others. */
static long list(const struct call *call) {
  static char buffer[32768];
  size_t room = call->args[2];
  // An entry may become longer: of 24 bytes, 32.
  size_t part = room / 4 * 3 < sizeof buffer ? room / 4 * 3 : sizeof buffer;
  char *to = (char *)call->args[1];
  for (long length; to == (char *)call->args[1];) {
    if ((length = RAW(SYS_getdents64, call->args[0], buffer, part)) <= 0) return length;
    for (char *at = buffer; at < buffer + length; at += ((struct dirent64 *)at)->d_reclen) {
      struct dirent64 *entry = (void *)at, *copy = (void *)to;
      long pid;
      int is_process = *parse(entry->d_name, &pid) == 0;
      if (is_process && born_at(pid) == FOREVER) continue;
      memmove(copy, entry, entry->d_reclen);
      if (is_process) {
        *write_number(copy->d_name, shown_pid(pid), 1) = 0;
        copy->d_reclen = (offsetof(struct dirent64, d_name) + strlen(copy->d_name) + 8) & ~7UL;
      }
      to += copy->d_reclen;
    }
  }
  return to - (char *)call->args[1];
}

long proc_call(const struct call *call, int *handled) {
  *handled = call->number == SYS_getdents64 && numbers_pids() && is_root(call->args[0]);
  return *handled ? list(call) : 0;
}
