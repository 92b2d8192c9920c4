#include "genesis/cli/task_templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "genesis/program/edit_blocks.h"
#include "genesis/program/language.h"

namespace genesis::cli {
namespace {

using ::testing::HasSubstr;

TEST(TaskTemplates, EveryTemplateHasOneBlockAndAllFiles) {
  for (const std::string& name : template_languages()) {
    const auto files = task_template(name, "my_task", "some/my_task");
    ASSERT_TRUE(files) << files.error().message;
    const Language& language = *find_language(name);
    ASSERT_EQ(files->size(), 4u);
    EXPECT_EQ((*files)[0].path, "initial." + language.extension);
    const auto blocks = find_blocks((*files)[0].text, language);
    ASSERT_TRUE(blocks) << blocks.error().message;
    EXPECT_EQ(blocks->size(), 1u);
    EXPECT_EQ((*files)[2].path, "task/my_task.yaml");
    EXPECT_THAT((*files)[2].text,
                HasSubstr("init_program_path: some/my_task/initial." + language.extension + "\n"));
    EXPECT_THAT((*files)[3].text, HasSubstr("genesis check some/my_task"));
    for (const TemplateFile& file : *files) {
      EXPECT_EQ(file.text.find("{folder}"), std::string::npos) << file.path;
      EXPECT_EQ(file.text.find("{name}"), std::string::npos) << file.path;
    }
  }
}

TEST(TaskTemplates, AliasesAreUnderstood) {
  EXPECT_TRUE(task_template("py", "a", "a"));
  EXPECT_TRUE(task_template("c++", "a", "a"));
}

TEST(TaskTemplates, UnknownLanguagesNameWhatThereIs) {
  const auto files = task_template("pyton", "a", "a");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(files.error().message, HasSubstr("did you mean 'python'? Templates: python, cpp."));
}

}  // namespace
}  // namespace genesis::cli
