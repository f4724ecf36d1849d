// A heartbeat thread on a condition variable, a worker on a semaphore, a lock that they all take, and servers to try.
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop_now;
static sem_t work;
static int beats, stopping, port;
static time_t start;

static void say(const char *what, int number) {
  printf("%lds %s %d\n", (long)(time(0) - start), what, number);
}

static void *heartbeat(void *unused) {
  pthread_mutex_lock(&lock);
  while (!stopping) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1800;
    while (!stopping && pthread_cond_timedwait(&stop_now, &lock, &until) != ETIMEDOUT);
    if (!stopping) beats++;
    if (beats % 24 == 0 && !stopping) say("beats", beats);
  }
  pthread_mutex_unlock(&lock);
  return unused;
}

static void *worker(void *unused) {
  for (;;) {
    sem_wait(&work);
    pthread_mutex_lock(&lock);
    int done = stopping;
    pthread_mutex_unlock(&lock);
    if (done) return unused;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {10, 0};
    char answer[64];
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int result = connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
    if (!result && write(fd, "CHECK\n", 6) == 6) result = read(fd, answer, sizeof answer) < 0 ? -errno : 1;
    pthread_mutex_lock(&lock);
    say("result", result);
    pthread_mutex_unlock(&lock);
    close(fd);
  }
}

int main(int argc, char **argv) {
  pthread_t threads[4];
  pthread_condattr_t attributes;
  int hours = argc > 2 ? atoi(argv[2]) : 72;
  port = atoi(argv[1]);
  start = time(0);
  setvbuf(stdout, 0, _IOLBF, 0);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&stop_now, &attributes);
  sem_init(&work, 0, 0);
  pthread_create(&threads[0], 0, heartbeat, 0);
  for (int i = 1; i < 4; i++) pthread_create(&threads[i], 0, worker, 0);
  for (int hour = 0; hour < hours; hour += 2) {
    sem_post(&work);
    sem_post(&work);
    sleep(2 * 3600);
  }
  pthread_mutex_lock(&lock);
  stopping = 1;
  pthread_cond_broadcast(&stop_now);
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < 3; i++) sem_post(&work);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  say("joined after beats", beats);
  return 0;
}
