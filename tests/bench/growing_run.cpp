#include "tests/bench/growing_run.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>

#include "genesis/base/rng.h"

namespace genesis::bench {
namespace {

constexpr std::size_t kLines = 64;
constexpr std::size_t kLineBytes = 32;
constexpr std::size_t kInFlight = 64;        // Evaluations between intent and result.
constexpr std::int64_t kBarrierEvery = 512;  // Programs.
constexpr int kOpenBarriers = 4;
constexpr std::size_t kMostToPublish = 256;  // As the runner.
constexpr std::uint64_t kSeed = 7;

std::string line(std::size_t index, std::uint64_t value) {
  return fmt::format("weight_{:02} = 0.{:017}\n", index, value % 100'000'000'000'000'000);
}

std::string template_text() {
  std::string text;
  for (std::size_t i = 0; i < kLines; ++i) text += line(i, i);
  return text;
}

void put_line(std::string& text, std::size_t index, std::uint64_t value) {
  text.replace(index * kLineBytes, kLineBytes, line(index, value));
}

std::unique_ptr<store::RunStore> open_store(const std::filesystem::path& folder,
                                            boost::asio::io_context& io) {
  store::StoreOptions options;
  options.file = folder / "run.sqlite";
  options.post = [&io](std::function<void()> work) { boost::asio::post(io, std::move(work)); };
  options.on_trouble = [](Status status) {
    if (!status) throw std::runtime_error(status.error().message);
  };
  return value_or_throw(store::RunStore::open(std::move(options)));
}

}  // namespace

std::string source_text(std::int64_t id) {
  static const std::string kTemplate = template_text();
  std::string text = kTemplate;
  RandomStream random(1, "text", static_cast<std::uint64_t>(id));
  put_line(text, 0, static_cast<std::uint64_t>(id));
  for (int i = 0; i < 4; ++i) put_line(text, 1 + random.below(kLines - 1), random.next64());
  return text;
}

GrowingRun::GrowingRun(const std::filesystem::path& folder)
    : stay_(boost::asio::make_work_guard(io_)),
      store_(open_store(folder, io_)),
      population_(DatabaseConfig{}, kSeed),
      sources_(*store_),
      file_workers_(io_, 2, WorkKind::waits),
      publisher_(file_workers_, folder, ResultsConfig{}, "py"),
      history_(value_or_throw(run::restore_history(*store_, population_))),
      next_(population_.size()) {}

GrowingRun::~GrowingRun() = default;

void GrowingRun::grow(std::int64_t count, Source source) {
  for (const std::int64_t end = next_ + count; next_ < end; ++next_) {
    propose(next_, next_ == 0 ? Source::fresh : source);
    // The seed is alone; afterwards results come some while behind their intents.
    if (next_ > 0 && in_flight_.size() < kInFlight) continue;
    record(std::exchange(in_flight_.front(), {}));
    in_flight_.pop_front();
    if (next_ % kBarrierEvery == 0) barrier();
  }
  for (; !in_flight_.empty(); in_flight_.pop_front()) record(std::move(in_flight_.front()));
  barrier();
  while (open_barriers_ > 0) io_.run_one();
}

void GrowingRun::propose(std::int64_t id, Source source) {
  store::ProposalRecord proposal;
  proposal.id = id;
  proposal.mutator = id == 0 ? "seed" : "literal_gauss";
  proposal.patch = id == 0 ? "seed" : "operator";
  proposal.summary = fmt::format("line 12: 0.{} became 0.{}", id, id + 1);
  std::string text;
  if (auto draw = population_.draw(id)) {
    proposal.parent = draw->parent;
    proposal.island = draw->island;
    proposal.draw_event = draw->event;
    text = source == Source::mutant ? read_and_mutate(*draw, id) : source_text(id);
    proposal.inspirations = std::move(draw->inspirations);
  } else {
    text = source_text(id);
  }
  Program candidate("main.py", std::move(text));
  proposal.program_key = candidate.key();
  if (!history_.known_programs.emplace(proposal.program_key, -1 - id)) {
    throw std::runtime_error(fmt::format("program {} is not distinct", id));
  }
  InFlight one;
  one.id = id;
  one.parent = proposal.parent;
  one.island = proposal.island;
  one.draw_event = proposal.draw_event;
  one.key = proposal.program_key;
  one.token = fmt::format("{:016x}", static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15ULL);
  proposal.candidate = candidate.encode();
  one.program = std::make_shared<const Program>(std::move(candidate));
  store::AttemptRecord attempt;
  attempt.token = one.token;
  attempt.evaluation = id;
  store_->queue_evaluation(id, std::move(proposal), std::move(attempt));
  store_->hand_over();
  in_flight_.push_back(std::move(one));
}

std::string GrowingRun::read_and_mutate(const evolve::Draw& draw, std::int64_t id) {
  const auto parent = value_or_throw(sources_.get(draw.parent));
  for (const std::int64_t inspiration : draw.inspirations) {
    value_or_throw(sources_.get(inspiration));
  }
  std::string text = parent.program->text();
  put_line(text, 0, static_cast<std::uint64_t>(id));
  return text;
}

store::ProgramRecord GrowingRun::program_record(const InFlight& done) const {
  store::ProgramRecord program;
  program.generation = population_.size();
  program.proposal = program.evaluation = done.id;
  program.parent = done.parent;
  program.island = done.island;
  program.program_key = done.key;
  program.mutator = done.id == 0 ? "seed" : "literal_gauss";
  program.patch = done.id == 0 ? "seed" : "operator";
  program.summary = fmt::format("line 12: 0.{} became 0.{}", done.id, done.id + 1);
  program.draw_event = done.draw_event;
  // Most children are worse than their parents, one in a thousand is better.
  RandomStream random(2, "score", static_cast<std::uint64_t>(done.id));
  const double parent_score = done.parent < 0 ? 1.0 : population_.member(done.parent).score;
  const double chance = random.uniform();
  program.score = chance < 0.001 ? parent_score + 0.01 * random.uniform()
                                 : parent_score - 0.2 * chance * chance * random.uniform();
  program.correct = true;
  program.outcome = "ok";
  program.public_json = R"({"radius_sum":2.5,"overlaps":0})";
  program.private_json = R"({"seconds":0.001})";
  program.recorded_at = 1'700'000'000'000 + done.id;
  program.elapsed_millis = done.id;
  program.improved = population_.would_improve(true, program.score);
  return program;
}

void GrowingRun::record(InFlight done) {
  store::ProgramRecord program = program_record(done);
  evolve::Member member;
  member.generation = program.generation;
  member.parent = program.parent;
  member.score = program.score;
  member.island = program.island;
  member.correct = true;
  std::vector<store::MoveRecord> moves;
  for (const evolve::IslandMove& move : population_.add(member)) {
    moves.push_back({population_.size(), move.generation, move.from, move.to, move.copy});
  }
  store_->finish_attempt(std::move(done.token), "exited", "");
  store_->record(program, std::move(moves));
  store_->put_state("mutator", "0.5 0.25 0.25");
  store_->put_state("elapsed_millis", std::to_string(done.id));
  history_.known_programs.set(program.program_key, program.generation);
  sources_.put(program.generation, {done.program, program.public_json, "", std::nullopt});
  publish_later(std::move(program), done);
}

void GrowingRun::publish_later(store::ProgramRecord record, const InFlight& done) {
  evolve::PublishOrder order;
  order.program = done.program;
  const bool kept = record.improved || record.generation <= ResultsConfig{}.keep_all_up_to;
  if (kept && record.parent >= 0) {
    order.parent = value_or_throw(sources_.get(record.parent)).program;
  }
  order.record = std::move(record);
  to_publish_.push_back(std::move(order));
}

void GrowingRun::barrier() {
  wait_for_room();
  ++open_barriers_;
  store_->when_committed(store::Commit::process, [this, orders = std::move(to_publish_)]() mutable {
    --open_barriers_;
    for (evolve::PublishOrder& order : orders) publisher_.publish(std::move(order));
  });
  to_publish_.clear();
}

void GrowingRun::wait_for_room() {
  io_.poll();
  while (open_barriers_ >= kOpenBarriers || publisher_.pending() >= kMostToPublish) io_.run_one();
}

void GrowingRun::finish_publishing() {
  bool idle = false;
  publisher_.when_idle([&idle] { idle = true; });
  while (!idle) io_.run_one();
}

}  // namespace genesis::bench
