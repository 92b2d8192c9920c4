/* An evaluator that does nothing but obey the contract, for benches and for tests of launchers: it
 * writes both result files by rename and ends. Static and without allocation, so that what is
 * measured is the launcher.
 *
 *   trivial_evaluator --program_path P --results_dir D [--score X] [--score-from-text] [--fail]
 *       [--exit N] [--sleep-ms N] [--witness FILE] [--no-results]
 *
 * --score-from-text takes the first number in the program after the word "score"; --fail writes
 * correct=false; --exit ends with a status after writing; --witness appends the attempt's token. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { kPathLength = 4096, kProgramLength = 65536 };

struct options {
  const char *program, *results, *witness, *score;
  int score_from_text, fail, no_results, exit_code;
  long sleep_ms;
};

static void die(const char* what, const char* object) {
  fprintf(stderr, "trivial_evaluator: %s '%s': %s\n", what, object, strerror(errno));
  exit(70);
}

static void write_all(int fd, const char* data, size_t size, const char* path) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written < 0) die("cannot write", path);
    data += written;
    size -= (size_t)written;
  }
}

static void publish(const char* folder, const char* name, const char* text) {
  char temporary[kPathLength], path[kPathLength];
  snprintf(temporary, sizeof temporary, "%s/.%s.tmp", folder, name);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) die("cannot create", temporary);
  write_all(fd, text, strlen(text), temporary);
  close(fd);
  if (rename(temporary, path) != 0) die("cannot rename", path);
}

static void witness(const char* path) {
  const char* token = getenv("GENESIS_ATTEMPT_TOKEN");
  char line[512];
  snprintf(line, sizeof line, "%s\n", token != NULL ? token : "no-token");
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) die("cannot open", path);
  write_all(fd, line, strlen(line), path);
  close(fd);
}

/* The first number after the word "score" in the program, 0 where there is none. */
static double score_of(const char* path) {
  static char text[kProgramLength];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die("cannot read", path);
  const ssize_t length = read(fd, text, sizeof text - 1);
  if (length < 0) die("cannot read", path);
  close(fd);
  text[length] = '\0';
  const char* at = strstr(text, "score");
  if (at == NULL) return 0.0;
  at += strcspn(at, "+-.0123456789");
  return strtod(at, NULL);
}

static const char* value_of(int argc, char** argv, int* i) {
  if (*i + 1 >= argc) {
    fprintf(stderr, "trivial_evaluator: %s needs a value\n", argv[*i]);
    exit(64);
  }
  return argv[++*i];
}

static struct options parse(int argc, char** argv) {
  struct options o = {0};
  o.score = "1.0";
  for (int i = 1; i < argc; ++i) {
    const char* name = argv[i];
    if (strcmp(name, "--program_path") == 0)
      o.program = value_of(argc, argv, &i);
    else if (strcmp(name, "--results_dir") == 0)
      o.results = value_of(argc, argv, &i);
    else if (strcmp(name, "--witness") == 0)
      o.witness = value_of(argc, argv, &i);
    else if (strcmp(name, "--score") == 0)
      o.score = value_of(argc, argv, &i);
    else if (strcmp(name, "--sleep-ms") == 0)
      o.sleep_ms = atol(value_of(argc, argv, &i));
    else if (strcmp(name, "--exit") == 0)
      o.exit_code = atoi(value_of(argc, argv, &i));
    else if (strcmp(name, "--score-from-text") == 0)
      o.score_from_text = 1;
    else if (strcmp(name, "--fail") == 0)
      o.fail = 1;
    else if (strcmp(name, "--no-results") == 0)
      o.no_results = 1;
    else {
      fprintf(stderr, "trivial_evaluator: unknown option %s\n", name);
      exit(64);
    }
  }
  if (o.results == NULL || (o.score_from_text && o.program == NULL)) {
    fprintf(stderr,
            "trivial_evaluator: --results_dir is needed, and --program_path for a score "
            "from its text\n");
    exit(64);
  }
  return o;
}

int main(int argc, char** argv) {
  const struct options o = parse(argc, argv);
  if (o.witness != NULL) witness(o.witness);
  if (o.sleep_ms > 0) {
    struct timespec left = {o.sleep_ms / 1000, o.sleep_ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
  }
  if (o.no_results) return o.exit_code;
  char metrics[256];
  if (o.score_from_text)
    snprintf(metrics, sizeof metrics,
             "{\"combined_score\": %.17g, \"public\": {}, \"private\": {}}", score_of(o.program));
  else
    snprintf(metrics, sizeof metrics,
             "{\"combined_score\": %.64s, \"public\": {}, \"private\": {}}", o.score);
  if (mkdir(o.results, 0755) != 0 && errno != EEXIST) die("cannot make", o.results);
  publish(o.results, "metrics.json", metrics);
  publish(o.results, "correct.json",
          o.fail ? "{\"correct\": false, \"error\": \"asked to fail\"}"
                 : "{\"correct\": true, \"error\": null}");
  return o.exit_code;
}
