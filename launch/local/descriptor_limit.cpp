#include "launch/local/descriptor_limit.h"

#include <sys/resource.h>

namespace genesis::launch {

namespace {

rlimit read_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

const rlimit& at_start() {
  static const rlimit the_limit = read_limit();
  return the_limit;
}

}  // namespace

void raise_descriptor_limit() {
  rlimit raised = at_start();
  raised.rlim_cur = raised.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);
}

process::ResourceLimit original_descriptor_limit() {
  const rlimit& limit = at_start();
  return {RLIMIT_NOFILE, limit.rlim_cur, limit.rlim_max};
}

}  // namespace genesis::launch
