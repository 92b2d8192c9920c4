#include "genesis/evolve/syntax/syntax_checker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "genesis/evolve/syntax/persistent_reader.h"
#include "genesis/evolve/syntax/python_chunks.h"

namespace genesis::evolve {
namespace {

std::optional<SyntaxError> check(SyntaxChecker& checker, std::string_view language,
                                 std::string text) {
  const Language& found = *find_language(language);
  auto result = checker.check(Program("main." + found.extension, std::move(text)), found);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result ? *result : std::nullopt;
}

TEST(SyntaxChecker, PythonErrorsHaveFileAndLine) {
  SyntaxChecker checker;
  EXPECT_FALSE(check(checker, "python", "def f(x):\n    return x + 1\n"));
  const auto error = check(checker, "python", "def f(x):\n    return x\n\n\ndef g(:\n    pass\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->file, "main.py");
  EXPECT_EQ(error->line, 5u);
  EXPECT_EQ(error->describe(), "main.py:5: " + error->message);
}

TEST(SyntaxChecker, PythonErrorsThatOnlyACompilerSees) {
  SyntaxChecker checker;
  for (const char* text :
       {"return 1\n", "for i in x:\n    pass\nbreak\n", "def f(a, a):\n  pass\n",
        "def f():\n    x = 1\n    global x\n", "if True:\n", "  x = 1\n",
        "if a:\n\tx = 1\n        y = 2\n", "x = 08\n", "f(1)(2) = 3\n",
        "def f():\n    pass\n  x = 1\n", "'abc\n", "x = (1,\n", "def f():\n    nonlocal y\n",
        "x = 1\nfrom __future__ import braces\n"}) {
    EXPECT_TRUE(check(checker, "python", text)) << text;
  }
}

TEST(SyntaxChecker, ValidPythonOfEveryShapePasses) {
  SyntaxChecker checker;
  for (const char* text :
       {"", "\n\n", "# only a comment", "x = 1", "@d\n# c\n@e\ndef f(): pass\n",
        "try:\n    pass\nexcept E:\n    pass\nelse:\n    pass\nfinally:\n    pass\n",
        "if a:\n    pass\nelif b:\n    pass\nelse:\n    pass\n", "x = '''\ndef broken(:\n'''\n",
        "x = [\n1,\n2\n]\n", "x = 1 + \\\n2\n", "from __future__ import annotations\nx: int = 1\n",
        "async def f():\n    await g()\n", "match x:\n    case 1:\n        pass\n",
        "x = f'{a:{b}} {c!r}'\n", "for i in x: pass\nelse: pass\n",
        "if x:\n    pass\n# c\n\nelse:\n    pass\n", "x = 1;\\\ny = 2\n", "été = 1\n"}) {
    const auto error = check(checker, "python", text);
    EXPECT_FALSE(error) << text << error->message;
  }
}

TEST(SyntaxChecker, RefusesWhatCannotBeRead) {
  SyntaxChecker checker;
  EXPECT_TRUE(check(checker, "python", std::string("x = 1\0", 6)));
  EXPECT_TRUE(check(checker, "python", "x = '\xff'\n"));
  EXPECT_TRUE(check(checker, "python", std::string(100'000, '(')));
  EXPECT_TRUE(check(checker, "python", "x = " + std::string(50'000, '-') + "1\n"));
  std::string sum = "x = 1";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  check(checker, "python", sum + "\n");  // either verdict, but an answer
  EXPECT_FALSE(check(checker, "python", "x = 1\n")) << "and it goes on afterwards";
}

TEST(SyntaxChecker, ReadsAMegabyte) {
  SyntaxChecker checker;
  std::string text = "def f(x):\n";
  while (text.size() < 1'000'000) text += "    x = x * 1.0001 + 3.5\n";
  EXPECT_FALSE(check(checker, "python", text));
  EXPECT_TRUE(check(checker, "python", text + "    x = = 1\n"));
}

TEST(SyntaxChecker, ChecksEveryFile) {
  SyntaxChecker checker;
  const auto program = Program::create(
      {{"main.py", "x = 1\n"}, {"lib/b.py", "y = = 2\n"}, {"data.json", "{{{"}}, "main.py");
  ASSERT_TRUE(program);
  const auto result = checker.check(*program, *find_language("python"));
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->file, "lib/b.py");
  EXPECT_EQ((*result)->line, 1u);
}

TEST(SyntaxChecker, OtherLanguagesLexically) {
  SyntaxChecker checker;
  EXPECT_FALSE(check(checker, "cpp", "int f() { return g(\"}\", '}') /* } */; } // }\n"));
  EXPECT_FALSE(check(checker, "cpp", "auto s = R\"x(\" ) } )x\"; long n = 1'000'000;\n"));
  EXPECT_TRUE(check(checker, "cpp", "int f() { return 1; \n"));
  EXPECT_TRUE(check(checker, "cpp", "char c = 'x;\n"));
  EXPECT_TRUE(check(checker, "rust", "fn f() { /* /* */ }\n"));
  EXPECT_FALSE(check(checker, "rust", "fn f<'a>(x: &'a str) -> char { r#\"}\"#; 'b' }\n"));
  EXPECT_FALSE(check(checker, "go", "var s = `\n}\n`\n"));
  EXPECT_TRUE(check(checker, "java", "class A { void f( }\n"));
  EXPECT_FALSE(check(checker, "julia", "f(x) = x'\nfunction g(a)\n  a[end] * 'c'\nend\n"));
  EXPECT_FALSE(check(checker, "julia", "y = [i for i in 1:3 if i > 1]\nif a b else c end\n"));
  EXPECT_TRUE(check(checker, "julia", "function g(a)\n  for i in a\n  end\n"));
  EXPECT_TRUE(check(checker, "julia", "x = 1\nend\n"));
  EXPECT_FALSE(check(checker, "fortran", "do i = 1, n\n if (a) x = 'it''s'\nend do\n"));
  const auto error = check(checker, "fortran", "if (a > 1) then\n x = 1\nEND IF\nenddo\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->line, 4u);
  EXPECT_FALSE(check(checker, "markdown", "it's (never\n"));
  EXPECT_FALSE(check(checker, "swift", "let x = (\n")) << "not known, not judged";
}

TEST(SyntaxChecker, JavaScriptWithAndWithoutNode) {
  SyntaxCheckerOptions none;
  none.node = "no-such-node-interpreter";
  for (const SyntaxCheckerOptions& options : {SyntaxCheckerOptions{}, none}) {
    SyntaxChecker checker(options);
    EXPECT_FALSE(check(checker, "javascript", "const f = (x) => `${x + `${'`'}`}` / 2;\n"));
    EXPECT_FALSE(
        check(checker, "javascript", "import a from 'a';\nexport const b = /[/(]/.test(a);\n"));
    const auto error = check(checker, "javascript", "let a = 1;\nlet b = (2;\n");
    ASSERT_TRUE(error);
    EXPECT_EQ(error->line, 2u);
  }
}

TEST(SyntaxChecker, MissingPythonIsAnErrorNotAVerdict) {
  SyntaxCheckerOptions options;
  options.python = "no-such-python-interpreter";
  SyntaxChecker checker(options);
  const auto result = checker.check(Program("main.py", "x = 1\n"), *find_language("python"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  options.python = "/bin/true";  // starts, but reads nothing
  SyntaxChecker silent(options);
  const auto second = silent.check(Program("main.py", "x = 1\n"), *find_language("python"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
}

TEST(SyntaxChecker, ManyThreadsShareOne) {
  SyntaxChecker checker;
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string value = std::to_string(i * 4 + t);
        const auto good =
            checker.check(Program("m.py", "x = " + value + "\n"), *find_language("python"));
        const auto bad =
            checker.check(Program("m.py", "x = = " + value + "\n"), *find_language("python"));
        if (!good || *good || !bad || !*bad) ++wrong[static_cast<std::size_t>(t)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(PersistentReader, StartsAgainAfterItsProcessDied) {
  // A reader in shell: answers every byte stream of 5 bytes (length 1, one byte) with "understood".
  PersistentReader reader({"/bin/sh", "-c",
                           "while [ -n \"$(head -c 5 | tr '\\0' x)\" ]; do "
                           "printf '\\0\\0\\0\\0\\0\\0\\0\\0' >&0; done"},
                          std::chrono::milliseconds(5000));
  ASSERT_TRUE(reader.read("a"));
  const pid_t first = reader.pid();
  ASSERT_GT(first, 0);
  ASSERT_EQ(kill(first, SIGKILL), 0);
  const auto again = reader.read("b");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(*again);
  EXPECT_NE(reader.pid(), first);
}

TEST(PersistentReader, EndsAReaderThatHangs) {
  PersistentReader reader({"/bin/sh", "-c", "exec sleep 1000"}, std::chrono::milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = reader.read("x");
  ASSERT_TRUE(result && *result);
  EXPECT_NE((*result)->message.find("100 ms"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(reader.pid(), -1);
}

TEST(PersistentReader, ItsProcessEndsWithIt) {
  pid_t pid = -1;
  {
    PersistentReader reader({"/bin/sh", "-c",
                             "head -c 5 >/dev/null; printf '\\0\\0\\0\\0\\0\\0\\0\\0' >&0; "
                             "exec sleep 1000"},
                            std::chrono::milliseconds(5000));
    ASSERT_TRUE(reader.read("a"));
    pid = reader.pid();
    ASSERT_GT(pid, 0);
    ASSERT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1) << "reaped by the destructor";
}

TEST(PythonChunks, CoverTheText) {
  const std::string text =
      "import a\n\n\n@d\ndef f():\n    x = '''\ny\n'''\n\nif a:\n    pass\nelse:\n    pass\nz = 1";
  const auto chunks = split_python(text);
  std::string joined;
  for (const std::string_view chunk : chunks) joined += chunk;
  EXPECT_EQ(joined, text);
  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_EQ(chunks[1].substr(0, 2), "@d");
  EXPECT_EQ(chunks[2].substr(0, 4), "if a");
  EXPECT_EQ(split_python("from __future__ import x\ny = 1\n").size(), 1u);
}

}  // namespace
}  // namespace genesis::evolve
