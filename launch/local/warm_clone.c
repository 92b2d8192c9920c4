/* The clone of a warm evaluation: loaded by the fork server (evaluators/python/genesis_warm), which
 * calls genesis_warm_clone() with everything imported and one thread.
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
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kMostJoins = 4, kMostLimits = 16 };

struct genesis_warm_limit {
  int32_t resource;
  int32_t reserved;
  uint64_t soft;
  uint64_t hard;
};

/* Mirrored by a ctypes structure in genesis_warm/clone.py: fixed widths, no padding. */
struct genesis_warm_plan {
  int32_t output;
  int32_t error;
  int32_t cgroup; /* a cgroup v2 folder, or -1 */
  int32_t join_count;
  int32_t joins[kMostJoins]; /* cgroup v1 cgroup.procs files */
  int32_t channel;           /* to tell of a failed step */
  int32_t limit_count;
  uint64_t cpus_size;
  const char* folder;
  const void* cpus; /* a cpu_set_t, or NULL */
  char* token_at;   /* where the environment that /proc shows has the attempt's token … */
  const char* token;
  uint64_t token_room;
  char* work_at; /* … and its folder */
  const char* work;
  uint64_t work_room;
  struct genesis_warm_limit limits[kMostLimits];
};

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

static void give_up(const struct genesis_warm_plan* plan, const char* step) {
  char text[256];
  const int length = snprintf(text, sizeof text, "{\"failed\": \"%s\", \"errno\": %d, \"pid\": %d}",
                              step, errno, (int)getpid());
  send(plan->channel, text, (size_t)length, MSG_NOSIGNAL);
  _exit(127);
}

static void join_groups(const struct genesis_warm_plan* plan, int already_in_v2) {
  if (plan->cgroup >= 0 && !already_in_v2) {
    const int file = openat(plan->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "0", 1) != 1) give_up(plan, "join the cgroup");
  }
  for (int i = 0; i < plan->join_count; ++i) {
    if (write(plan->joins[i], "0", 1) != 1) give_up(plan, "join the cgroup");
  }
}

static void redirect(const struct genesis_warm_plan* plan) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(plan->output, STDOUT_FILENO) < 0 ||
      dup2(plan->error, STDERR_FILENO) < 0) {
    give_up(plan, "redirect to the log files");
  }
}

static void close_the_rest(void) {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
  for (int fd = 3; fd < 65536; ++fd) close(fd);
}

/* The server was started with room for these in its first environment: what tells whose a process
 * is must be readable from outside, as of any other job. */
static void name_in_environment(const struct genesis_warm_plan* plan) {
  if (plan->token_at != NULL) strncpy(plan->token_at, plan->token, plan->token_room);
  if (plan->work_at != NULL) strncpy(plan->work_at, plan->work, plan->work_room);
}

static void become_the_job(const struct genesis_warm_plan* plan, int already_in_v2) {
  join_groups(plan, already_in_v2);
  if (setsid() < 0) give_up(plan, "start a session");
  name_in_environment(plan);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* as any other job: /proc/<pid> is its user's */
  if (plan->cpus != NULL && sched_setaffinity(0, (size_t)plan->cpus_size, plan->cpus) != 0) {
    give_up(plan, "pin to its processors");
  }
  redirect(plan);
  if (chdir(plan->folder) != 0) give_up(plan, "enter its folder");
  for (int i = 0; i < plan->limit_count; ++i) {
    const struct rlimit limit = {plan->limits[i].soft, plan->limits[i].hard};
    if (setrlimit((__rlimit_resource_t)plan->limits[i].resource, &limit) != 0) {
      give_up(plan, "set its limits");
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

/* Returns the job's process id, 0 in the job itself, or a negated errno. */
long genesis_warm_clone(const struct genesis_warm_plan* plan) {
  before_fork();
  int in_v2 = 0;
  const long made = clone_job(plan->cgroup, &in_v2);
  if (made != 0) {
    const long result = made < 0 ? -errno : made;
    after_fork_parent();
    return result;
  }
  become_the_job(plan, in_v2);
  after_fork_child();
  return 0;
}
