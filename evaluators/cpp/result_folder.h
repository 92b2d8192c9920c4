#pragma once

#include <filesystem>
#include <string>

namespace genesis::evaluator {

/// The results folder of one evaluation, held open so that a replaced one is noticed. Its functions
/// throw CannotEvaluate. One thread.
class ResultFolder {
 public:
  /// Makes the folder where there is none and removes result files of an earlier evaluation.
  explicit ResultFolder(std::filesystem::path path);
  ~ResultFolder();
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

  /// Writes a file under a temporary name and renames it. Whatever has the name is replaced; links
  /// are not followed.
  void publish(const std::string& name, const std::string& text) const;
  /// Removes both result files.
  void clear() const;

 private:
  void require_the_same() const;

  std::filesystem::path path_;
  int folder_ = -1;
};

}  // namespace genesis::evaluator
