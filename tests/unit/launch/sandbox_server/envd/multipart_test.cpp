#include "launch/sandbox_server/envd/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::envd {
namespace {

/// All parts as "name|file name|data", whatever the pieces.
std::vector<std::string> parts_of(const std::string& body, std::size_t piece_size) {
  MultipartReader reader("b");
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < body.size(); at += piece_size) {
    reader.append(std::string_view(body).substr(at, piece_size));
    for (;;) {
      auto step = reader.next();
      if (!step) return {"error: " + step.error().message};
      if (step->event == MultipartReader::Event::need_more) break;
      if (step->event == MultipartReader::Event::end) break;
      if (step->event == MultipartReader::Event::part) {
        parts.push_back(step->part.name + "|" + step->part.file_name + "|");
      }
      if (step->event == MultipartReader::Event::data) parts.back() += step->data;
    }
  }
  if (!reader.at_end()) parts.push_back("torn");
  return parts;
}

const std::string kBody =
    "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/d/ü.txt\"\r\n"
    "Content-Type: text/plain\r\n\r\none\r\n--not a boundary\r\n-\r\n--b\r\n"
    "content-disposition:form-data;name=file;filename=\"\"\r\n\r\n\r\n--b  \r\n"
    "\r\nno head\r\n--b--\r\nepilogue";

TEST(Multipart, ComesOutWhateverThePieces) {
  for (std::size_t size = 1; size < kBody.size() + 2; ++size) {
    EXPECT_THAT(
        parts_of(kBody, size),
        testing::ElementsAre("file|/d/ü.txt|one\r\n--not a boundary\r\n-", "file||", "||no head"))
        << "pieces of " << size;
  }
}

TEST(Multipart, BinaryDataStaysAsItIs) {
  std::string data;
  for (int i = 0; i < 5000; ++i) data += static_cast<char>(i * 31);
  data += "\r\n--\r\n-";
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n" + data + "\r\n--b--\r\n";
  EXPECT_THAT(parts_of(body, 97), testing::ElementsAre("f||" + data));
}

TEST(Multipart, RefusesWhatIsNone) {
  EXPECT_THAT(parts_of(std::string(20'000, 'x'), 1000)[0], testing::HasSubstr("error"));
  EXPECT_THAT(parts_of("--bx\r\n\r\n\r\n--b--", 100)[0], testing::HasSubstr("error"));
  EXPECT_THAT(parts_of("--b\r\n" + std::string(20'000, 'h'), 1000)[0], testing::HasSubstr("error"));
  EXPECT_THAT(parts_of("--b\r\n\r\ndata", 100), testing::Contains("torn"));
}

TEST(Multipart, NamesOfFiles) {
  const auto name = [](const std::string& parameters) {
    return parse_part_head("Content-Disposition: form-data; name=\"file\"; " + parameters)
        .file_name;
  };
  EXPECT_EQ(name("filename=\"a \\\"b\\\\c\""), "a \"b\\c");
  EXPECT_EQ(name("filename=\"a%22b%0D%0Ac%20d\""), "a\"b\r\nc%20d");
  EXPECT_EQ(name("filename=plain.txt"), "plain.txt");
  EXPECT_EQ(name("filename=\"x\"; filename*=UTF-8''%C3%BC%20y"), "ü y");
  EXPECT_EQ(name("filename=\"semi;colon\""), "semi;colon");
  EXPECT_EQ(name("filename=\"open"), "open");
  EXPECT_EQ(name("x"), "");
}

TEST(Multipart, BoundaryOfAContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data;charset=x; Boundary=\"a b\""), "a b");
  EXPECT_EQ(multipart_boundary("multipart/mixed; boundary=abc"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary="), std::nullopt);
}

}  // namespace
}  // namespace genesis::envd
