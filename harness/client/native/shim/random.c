// Random bytes: a stream that the seed of the run decides, another one for each process.
#include "shim.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>

static uint64_t state = 0x9e3779b97f4a7c15ULL;
/** Descriptors below this are looked at when a program begins. */
#define MAX_INHERITED 256

static uint64_t devices[MAX_FD / 64];

void seed_random(uint64_t seed) {
  state = seed;
}

/** SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next_random(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15ULL;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}

void fill_random(void *bytes, size_t count) {
  for (char *at = bytes; count > 0;) {
    uint64_t value = next_random();
    size_t part = count < 8 ? count : 8;
    memcpy(at, &value, part);
    at += part;
    count -= part;
  }
}

int is_random_device(int fd) {
  return fd >= 0 && fd < MAX_FD && devices[fd / 64] >> fd % 64 & 1;
}

void random_closed(int fd) {
  if (fd >= 0 && fd < MAX_FD) devices[fd / 64] &= ~(1ULL << fd % 64);
}

void random_copied(int from, int to) {
  if (is_random_device(from) && to < MAX_FD) devices[to / 64] |= 1ULL << to % 64;
}

/** After an open: /dev/random and /dev/urandom are devices 1:8 and 1:9. */
static void note_device(int fd) {
  struct stat info;
  if (fd >= MAX_FD || RAW(SYS_fstat, fd, &info) < 0 || !S_ISCHR(info.st_mode)) return;
  if (major(info.st_rdev) == 1 && (minor(info.st_rdev) == 8 || minor(info.st_rdev) == 9))
    devices[fd / 64] |= 1ULL << fd % 64;
}

/** In a program that begins: what its parent has opened for it. A shell does: `head -c 16 </dev/urandom`. */
void find_random_devices(void) {
  for (int fd = 0; fd < MAX_INHERITED; fd++) note_device(fd);
}

static int names_device(const char *path) {
  return path && !strncmp(path, "/dev/", 5) && strstr(path, "random");
}

long random_call(const struct call *call, int *handled) {
  const long *a = call->args;
  *handled = 1;
  if (call->number == SYS_getrandom) {
    fill_random((void *)a[0], a[1]);
    return a[1];
  }
  int at = call->number == SYS_openat ? 1 : call->number == SYS_open ? 0 : -1;
  if (at < 0 || !names_device((char *)a[at])) return *handled = 0;
  long fd = pass(call);
  if (fd >= 0) note_device(fd);
  return fd;
}
