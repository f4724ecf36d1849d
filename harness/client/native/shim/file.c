// Times of files: what the client writes bears the time of its clock. The kernel keeps only two of the four times that a
// file shows where we can set them; the others, when they are of this run, read as the time of the last change.
#include "shim.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
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
  if (fd >= 0 && (fresh || flags & O_TRUNC)) stamp(fd);
  return fd;
}

static long then_stamp_path(const struct call *call, int folder, long path) {
  long result = pass(call);
  if (result == 0) stamp_path(folder, (char *)path);
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
    case SYS_mkdir: return then_stamp_path(call, AT_FDCWD, a[0]);
    case SYS_mkdirat: return then_stamp_path(call, a[0], a[1]);
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
