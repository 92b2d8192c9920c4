#include "genesis/warm_start/run_source.h"

#include <cmath>
#include <utility>

#include "genesis/store/epochs.h"
#include "genesis/store/run_store.h"

namespace genesis::warm_start {
namespace {

class RunSource final : public ProgramSource {
 public:
  explicit RunSource(std::unique_ptr<store::StoreReader> reader) : reader_(std::move(reader)) {}

  std::string system() const override { return "Genesis"; }

  Result<std::vector<Listing>> list(Skipped&) override {
    std::vector<Listing> found;
    // Scores of earlier epochs cannot be compared with these.
    const std::int64_t first = store::first_generation_of(reader_->state(store::kEpochsKey));
    GENESIS_TRY(reader_->for_each_program([&](const store::ProgramRecord& program) {
      if (program.generation < first) return true;
      Listing listing;
      listing.handle = program.generation;
      listing.id = std::to_string(program.generation);
      if (program.parent >= first) listing.parent_id = std::to_string(program.parent);
      listing.generation = program.generation;
      listing.island = program.island;
      listing.correct = program.correct;
      if (std::isfinite(program.score)) listing.score = program.score;
      found.push_back(std::move(listing));
      return static_cast<std::int64_t>(found.size()) < kMaxPrograms;
    }));
    return found;
  }

  Result<ProgramText> read(const Listing& listing) override {
    GENESIS_TRY_ASSIGN(const Program program, reader_->source(listing.handle));
    GENESIS_TRY_ASSIGN(const store::ProgramRecord record, reader_->program(listing.handle));
    if (program.files().size() != 1) {
      return make_error(ErrorKind::invalid_argument, "of several files");
    }
    ProgramText text;
    text.code = program.text();
    text.public_json = record.public_json;
    text.private_json = record.private_json;
    text.text_feedback = record.text_feedback;
    return text;
  }

 private:
  std::unique_ptr<store::StoreReader> reader_;
};

}  // namespace

Result<std::unique_ptr<ProgramSource>> open_run(const std::filesystem::path& store_file) {
  GENESIS_TRY_ASSIGN(auto reader, store::StoreReader::open(store_file));
  return std::make_unique<RunSource>(std::move(reader));
}

}  // namespace genesis::warm_start
