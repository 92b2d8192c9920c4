#include "genesis/evolve/mutation_request.h"

#include <gtest/gtest.h>

#include "genesis/evolve/operator_api.h"

namespace genesis::evolve {
namespace {

TEST(MutationRequest, FailuresAreToldInFull) {
  EvaluationFailure failure;
  failure.outcome = "timeout";
  EXPECT_EQ(failure.describe(), "The program failed its evaluation: timeout\n");
  failure.error = "ended after 5 s";
  failure.text_feedback = "\n  two circles overlap  \n";
  failure.log_tail = "Traceback\n  line 3\xff\n";
  EXPECT_EQ(failure.describe(),
            "The program failed its evaluation: timeout: ended after 5 s\n"
            "Feedback of the evaluator:\ntwo circles overlap\n"
            "End of the error log:\nTraceback\n  line 3\xef\xbf\xbd\n");
  EXPECT_EQ(to_string(RequestKind::fix), "fix");
  EXPECT_EQ(to_string(RequestKind::improve), "improve");
}

TEST(MutationRequest, OperatorsWorkOnFailedParentsToo) {
  const Program parent("main.py", "# EVOLVE-BLOCK-START\nx = 0.5\n# EVOLVE-BLOCK-END\n");
  const EvaluationFailure failure{"incorrect", "x is too small", "", ""};
  OperatorInput input;
  input.parent = &parent;
  input.language = find_language("python");
  RandomStream first(1, "operators", 1), second(1, "operators", 1);
  const auto improved = find_operator("literal_gauss")->apply(input, first);
  input.kind = RequestKind::fix;
  input.failure = &failure;
  const auto fixed = find_operator("literal_gauss")->apply(input, second);
  ASSERT_TRUE(improved && fixed);
  EXPECT_EQ(improved->child, fixed->child);
}

}  // namespace
}  // namespace genesis::evolve
