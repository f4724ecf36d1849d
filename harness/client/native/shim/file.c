// Times of files: what the client writes bears the time of its clock. The kernel keeps only two of the four times that a
// file shows where we can set them; the others, when they are of this run, read as the time of the last change.
#include "shim.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <utime.h>

/** Real seconds since 1970 at which the client was started. */
int64_t run_start;

static void virtual_times(struct timespec times[2]) {
  times[0] = times[1] = timespec_of(now + wall);
}

void stamp(int fd) {
  struct timespec times[2];
  virtual_times(times);
  RAW(SYS_utimensat, fd, 0, times, 0);
}

static void stamp_path(int folder, const char *path) {
  struct timespec times[2];
  virtual_times(times);
  RAW(SYS_utimensat, folder, path, times, AT_SYMLINK_NOFOLLOW);
}

/** Something was put into the folder of this path, or taken out of it. */
static void stamp_folder(int folder, const char *path) {
  static char parent[4096];
  size_t length = strnlen(path, sizeof parent);
  if (length == 0 || length == sizeof parent) return;
  while (length > 1 && path[length - 1] == '/') length--;
  while (length > 0 && path[length - 1] != '/') length--;
  while (length > 1 && path[length - 1] == '/') length--;
  memcpy(parent, path, length);
  strcpy(parent + length, length == 0 ? "." : "");
  stamp_path(folder, parent);
}

static void show_times(struct stat *info) {
  if (info->st_ctim.tv_sec >= run_start) info->st_ctim = info->st_mtim;
  if (info->st_atim.tv_sec >= run_start) info->st_atim = info->st_mtim;
}

static void show_extended_times(struct statx *info) {
  if (info->stx_ctime.tv_sec >= run_start) info->stx_ctime = info->stx_mtime;
  if (info->stx_atime.tv_sec >= run_start) info->stx_atime = info->stx_mtime;
  if (info->stx_btime.tv_sec >= run_start) info->stx_btime = info->stx_mtime;
}

static long open_call(const struct call *call, int folder, const char *path, int flags) {
  struct stat info;
  if (!(flags & (O_CREAT | O_TRUNC))) return pass(call);
  int fresh = RAW(SYS_newfstatat, folder, path, &info, 0) < 0;
  long fd = pass(call);
  if (fd >= 0 && fresh) stamp_folder(folder, path);
  if (fd >= 0 && (fresh || flags & O_TRUNC)) stamp(fd);
  return fd;
}

static long then_stamp_path(const struct call *call, int folder, long path) {
  long result = pass(call);
  if (result == 0) stamp_path(folder, (char *)path);
  return result;
}

static long made(const struct call *call, int folder, long path) {
  long result = then_stamp_path(call, folder, path);
  if (result == 0) stamp_folder(folder, (char *)path);
  return result;
}

static long taken(const struct call *call, int folder, long path) {
  long result = pass(call);
  if (result == 0) stamp_folder(folder, (char *)path);
  return result;
}

static long renamed(const struct call *call, int from_folder, long from, int to_folder, long to) {
  long result = taken(call, from_folder, from);
  if (result == 0) stamp_folder(to_folder, (char *)to);
  return result;
}

static long bound(const struct call *call) {
  struct sockaddr_un address = {0};
  size_t size = call->args[2];
  long result = pass(call);
  if (result < 0 || size <= sizeof(sa_family_t)) return result;
  memcpy(&address, (void *)call->args[1], size < sizeof address - 1 ? size : sizeof address - 1);
  if (address.sun_family != AF_UNIX || !*address.sun_path) return result;
  stamp_path(AT_FDCWD, address.sun_path);
  stamp_folder(AT_FDCWD, address.sun_path);
  return result;
}

static long then_stamp(const struct call *call, int fd) {
  long result = pass(call);
  if (result >= 0) stamp(fd);
  return result;
}

static long touch(const struct call *call) {
  const struct timespec *given = (void *)call->args[2];
  struct timespec times[2];
  virtual_times(times);
  for (int i = 0; given && i < 2; i++)
    if (given[i].tv_nsec != UTIME_NOW) times[i] = given[i];
  return RAW(SYS_utimensat, call->args[0], call->args[1], times, call->args[3]);
}

static long touch_now(int folder, long path) {
  struct timespec times[2];
  virtual_times(times);
  return RAW(SYS_utimensat, folder, path, times, 0);
}

long file_call(const struct call *call, int *handled) {
  const long *a = call->args;
  long result;
  *handled = 1;
  switch (call->number) {
    case SYS_stat:
    case SYS_lstat:
    case SYS_fstat:
      if ((result = pass(call)) == 0) show_times((void *)a[1]);
      return result;
    case SYS_newfstatat:
      if ((result = pass(call)) == 0) show_times((void *)a[2]);
      return result;
    case SYS_statx:
      if ((result = pass(call)) == 0) show_extended_times((void *)a[4]);
      return result;
    case SYS_open:
      if (!(a[1] & (O_CREAT | O_TRUNC))) break;
      return open_call(call, AT_FDCWD, (char *)a[0], a[1]);
    case SYS_openat:
      if (!(a[2] & (O_CREAT | O_TRUNC))) break;
      return open_call(call, a[0], (char *)a[1], a[2]);
    case SYS_creat: return open_call(call, AT_FDCWD, (char *)a[0], O_CREAT | O_TRUNC);
    case SYS_mkdir:
    case SYS_mknod: return made(call, AT_FDCWD, a[0]);
    case SYS_mkdirat:
    case SYS_mknodat: return made(call, a[0], a[1]);
    case SYS_symlink: return made(call, AT_FDCWD, a[1]);
    case SYS_symlinkat: return made(call, a[1], a[2]);
    case SYS_link: return taken(call, AT_FDCWD, a[1]);
    case SYS_linkat: return taken(call, a[2], a[3]);
    case SYS_unlink:
    case SYS_rmdir: return taken(call, AT_FDCWD, a[0]);
    case SYS_unlinkat: return taken(call, a[0], a[1]);
    case SYS_rename: return renamed(call, AT_FDCWD, a[0], AT_FDCWD, a[1]);
    case SYS_renameat:
    case SYS_renameat2: return renamed(call, a[0], a[1], a[2], a[3]);
    case SYS_bind: return bound(call);
    case SYS_truncate: return then_stamp_path(call, AT_FDCWD, a[0]);
    case SYS_ftruncate:
    case SYS_fallocate: return then_stamp(call, a[0]);
    case SYS_copy_file_range: return then_stamp(call, a[2]);
    case SYS_utimensat: return touch(call);
    case SYS_utime:
    case SYS_utimes:
      if (a[1]) break;
      return touch_now(AT_FDCWD, a[0]);
    case SYS_futimesat:
      if (a[2]) break;
      return touch_now(a[0], a[1]);
  }
  return *handled = 0;
}
