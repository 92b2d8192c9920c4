/* The clone of a warm evaluation: loaded by the fork server (evaluators/python/genesis_warm), which
 * calls genesis_warm_serve() with everything imported and one thread.
 *
 * fork() will not do, for two reasons. The child must be the runner's (CLONE_PARENT), so that the
 * runner itself reaps it and knows how it ended; and it must be born in its cgroup
 * (CLONE_INTO_CGROUP), as later in its namespaces. So the system call is made here, and what the C
 * library's fork would do after it is done by hand: with one thread no lock can be held, and what
 * is left is the cached thread id. Python's own part is PyOS_BeforeFork and PyOS_AfterFork_*.
 *
 * Between clone and return the child becomes what a cold job is after its execve: session, standard
 * descriptors, folder, limits, processors, nothing else open. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch/local/warm_arenas.h"
#include "launch/local/warm_request.h"

enum { kMostDescriptors = 3 + GENESIS_WARM_MOST_JOINS, kMostChanges = 2 * GENESIS_WARM_MOST_BYTES };

/* Where this process's first environment, which /proc shows, has a variable. */
struct place {
  char* at;
  size_t room;
};

/* What a job finds of its request. Mirrored by a ctypes structure in genesis_warm/clone.py. */
struct genesis_warm_job {
  const char* arguments; /* strings, each with its zero */
  uint64_t arguments_size;
  const char* changes; /* of the environment; see genesis_warm_changes */
  uint64_t changes_size;
};

static int channel;
static char** known_environment; /* as it was when the helper was loaded */
static struct place token_place;
static struct place work_place;

/* The request under way. In the server's own memory: a clone has its own copy. */
static char packet[GENESIS_WARM_MOST_BYTES] __attribute__((aligned(64)));
static char changes[kMostChanges];
static struct genesis_warm_request request;
static struct genesis_warm_job job;
static int descriptors[kMostDescriptors];
static int descriptor_count;

static void (*before_fork)(void);
static void (*after_fork_parent)(void);
static void (*after_fork_child)(void);
static pid_t* cached_thread_id; /* the C library's, in the thread's control block */

/* The control block is the C library's own affair, but holds the thread's id once, among its first
 * words: a word that equals the id and is the only one to do so is it. Not found: the child lives
 * with the old value, which only error-checking mutexes look at. */
static pid_t* find_cached_thread_id(void) {
  const pid_t id = (pid_t)syscall(SYS_gettid);
  char* block = (char*)pthread_self();
  pid_t* found = NULL;
  for (size_t at = 0; at < 1024; at += sizeof(pid_t)) {
    pid_t value;
    memcpy(&value, block + at, sizeof value);
    if (value != id) continue;
    if (found != NULL) return NULL;
    found = (pid_t*)(void*)(block + at);
  }
  return found;
}

static struct place place_of(const char* name) {
  const size_t length = strlen(name);
  for (char** entry = environ; *entry != NULL; ++entry) {
    if (strncmp(*entry, name, length) != 0) continue;
    return (struct place){*entry + length, strlen(*entry + length)};
  }
  return (struct place){NULL, 0};
}

/* Once, before anything is imported for evaluators: what is in the environment by then is what the
 * runner gave. Returns NULL, or why it cannot be. */
const char* genesis_warm_begin(int socket) {
  channel = socket;
  size_t count = 0;
  while (environ[count] != NULL) ++count;
  known_environment = calloc(count + 1, sizeof *known_environment);
  if (known_environment == NULL) return "out of memory";
  for (size_t i = 0; i < count; ++i) {
    known_environment[i] = strdup(environ[i]);
    if (known_environment[i] == NULL) return "out of memory";
  }
  token_place = place_of("GENESIS_ATTEMPT_TOKEN=");
  work_place = place_of("GENESIS_WORK_DIR=");
  genesis_warm_use_large_pages();
  return NULL;
}

/* Once, before the first clone. Returns NULL, or why this interpreter cannot be used. */
const char* genesis_warm_prepare(void) {
  *(void**)&before_fork = dlsym(RTLD_DEFAULT, "PyOS_BeforeFork");
  *(void**)&after_fork_parent = dlsym(RTLD_DEFAULT, "PyOS_AfterFork_Parent");
  *(void**)&after_fork_child = dlsym(RTLD_DEFAULT, "PyOS_AfterFork_Child");
  if (before_fork == NULL || after_fork_parent == NULL || after_fork_child == NULL) {
    return "this interpreter has no PyOS_BeforeFork";
  }
  cached_thread_id = find_cached_thread_id();
  /* Nobody of the same user, a candidate above all, may look into the server or change it. */
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return NULL;
}

static void tell(const char* text, int length) {
  if (length > 0) send(channel, text, (size_t)length, MSG_NOSIGNAL);
}

static void give_up(const char* step) {
  char text[256];
  tell(text, snprintf(text, sizeof text, "{\"failed\": \"%s\", \"errno\": %d, \"pid\": %d}", step,
                      errno, (int)getpid()));
  _exit(127);
}

static void join_groups(int already_in_v2) {
  int next = 2;
  if (request.head.has_cgroup) {
    const int cgroup = descriptors[next++];
    if (!already_in_v2) {
      const int file = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
      if (file < 0 || write(file, "0", 1) != 1) give_up("join the cgroup");
    }
  }
  for (; next < descriptor_count; ++next) {
    if (write(descriptors[next], "0", 1) != 1) give_up("join the cgroup");
  }
}

static void redirect(void) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(descriptors[0], STDOUT_FILENO) < 0 ||
      dup2(descriptors[1], STDERR_FILENO) < 0) {
    give_up("redirect to the log files");
  }
}

static void close_the_rest(void) {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
  for (int fd = 3; fd < 65536; ++fd) close(fd);
}

/* The server was started with room for these in its first environment: what tells whose a process
 * is must be readable from outside, as of any other job. */
static void name_in_environment(void) {
  if (token_place.at != NULL) strncpy(token_place.at, request.token, token_place.room);
  if (work_place.at != NULL) strncpy(work_place.at, request.work, work_place.room);
}

static void pin(void) {
  if (request.head.cpu_count == 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (uint32_t i = 0; i < request.head.cpu_count; ++i) CPU_SET(request.cpus[i], &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) give_up("pin to its processors");
}

static void become_the_job(int already_in_v2) {
  join_groups(already_in_v2);
  if (setsid() < 0) give_up("start a session");
  name_in_environment();
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* as any other job: /proc/<pid> is its user's */
  pin();
  redirect();
  if (chdir(request.folder) != 0) give_up("enter its folder");
  for (uint32_t i = 0; i < request.head.limit_count; ++i) {
    const struct rlimit limit = {request.limits[i].soft, request.limits[i].hard};
    if (setrlimit((__rlimit_resource_t)request.limits[i].resource, &limit) != 0) {
      give_up("set its limits");
    }
  }
  close_the_rest();
}

static long clone_job(int cgroup, int* in_v2) {
  const uint64_t set_id = cached_thread_id != NULL ? CLONE_CHILD_SETTID : 0;
  struct clone_args args = {0};
  args.flags = CLONE_PARENT | set_id; /* the end is signalled as the server's own: SIGCHLD */
  args.child_tid = (uint64_t)(uintptr_t)cached_thread_id;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = (uint64_t)cgroup;
  }
  *in_v2 = cgroup >= 0;
  const long made = syscall(SYS_clone3, &args, sizeof args);
  if (made >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL && errno != E2BIG)) {
    return made;
  }
  *in_v2 = 0; /* an old kernel, or a filter: the older call knows no cgroups */
#if defined(__x86_64__)
  return syscall(SYS_clone, CLONE_PARENT | set_id, NULL, NULL, cached_thread_id, NULL);
#else
  return syscall(SYS_clone, CLONE_PARENT | set_id, NULL, NULL, NULL, cached_thread_id);
#endif
}

/* Copies the descriptors that came with a message; those that do not fit are closed. */
static void keep_descriptors(struct msghdr* message) {
  descriptor_count = 0;
  for (struct cmsghdr* part = CMSG_FIRSTHDR(message); part != NULL;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(part) + i * sizeof descriptor, sizeof descriptor);
      if (descriptor_count < kMostDescriptors) {
        descriptors[descriptor_count++] = descriptor;
      } else {
        close(descriptor);
      }
    }
  }
}

static void close_descriptors(void) {
  while (descriptor_count > 0) close(descriptors[--descriptor_count]);
}

static const char* understand(size_t size, int flags) {
  if ((flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return "the request is too long";
  const char* const wrong = genesis_warm_read(packet, size, &request);
  if (wrong != NULL) return wrong;
  if (descriptor_count < (request.head.has_cgroup ? 3 : 2)) return "the request has no log files";
  const size_t used = genesis_warm_changes(&request, known_environment, changes, sizeof changes);
  if (used == SIZE_MAX) return "the request's environment is too large";
  job = (struct genesis_warm_job){request.arguments, request.head.arguments_size, changes, used};
  return NULL;
}

enum { kJob = 0, kServer = 1, kEnd = 2, kInterrupted = 3 };

/* Waits for a request: kServer when there is one, kEnd when the runner has gone, kInterrupted when
 * a signal came: Python looks at it and calls again. Takes the descriptors of the last one away. */
int genesis_warm_receive(void) {
  union {
    char bytes[CMSG_SPACE(kMostDescriptors * sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec part = {packet, sizeof packet};
  struct msghdr message = {0};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  close_descriptors();
  const ssize_t got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && errno == EINTR) return kInterrupted;
  if (got <= 0) return kEnd;
  keep_descriptors(&message);
  const char* const wrong = understand((size_t)got, message.msg_flags);
  if (wrong == NULL) return kServer;
  /* The two ends are not of one build: nothing that follows would be understood better. */
  fprintf(stderr, "warm server: %s\n", wrong);
  return kEnd;
}

/* A clone for the request: kJob in it. The runner is told how it went. */
static int answer(void) {
  int in_v2 = 0;
  const long made = clone_job(request.head.has_cgroup ? descriptors[2] : -1, &in_v2);
  if (made == 0) {
    become_the_job(in_v2);
    genesis_warm_end_large_pages();
    after_fork_child();
    return kJob;
  }
  char text[256];
  const long long id = request.head.id;
  tell(text, made > 0 ? snprintf(text, sizeof text, "{\"id\": %lld, \"pid\": %ld}", id, made)
                      : snprintf(text, sizeof text, "{\"id\": %lld, \"error\": \"%s\"}", id,
                                 strerror(errno)));
  return kServer;
}

/* One clone, after genesis_warm_receive: kJob in it, kServer here. */
int genesis_warm_clone(void) {
  before_fork();
  const int which = answer();
  if (which != kJob) after_fork_parent();
  return which;
}

/* A clone per request, until the runner goes or a signal comes. Between two clones not one object
 * of Python's is touched: each page that this process writes is copied again after each clone. */
int genesis_warm_serve(void) {
  before_fork();
  int which = kServer;
  while (which == kServer) {
    which = genesis_warm_receive();
    if (which == kServer) which = answer();
  }
  if (which != kJob) after_fork_parent();
  return which;
}

/* No clone for this request nor for any other. */
void genesis_warm_decline(void) {
  char text[128];
  tell(text, snprintf(text, sizeof text, "{\"id\": %lld, \"error\": \"it cannot be forked\"}",
                      (long long)request.head.id));
}

const struct genesis_warm_job* genesis_warm_this_job(void) {
  return &job;
}
