#include "launch/registry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::launch {
namespace {

Backend named(std::string name, std::string summary = "") {
  Backend backend;
  backend.name = std::move(name);
  backend.summary = std::move(summary);
  return backend;
}

TEST(Registry, FindsByNameAliasAndTarget) {
  Backend backend = named("registry_test");
  backend.aliases = {"registry_alias"};
  backend.target_names = {"RegistryTestJobConfig"};
  register_backend(backend);
  for (const char* name :
       {"registry_test", "registry_alias", "RegistryTestJobConfig",
        "genesis.launch.RegistryTestJobConfig", "shinka.launch.RegistryTestJobConfig"}) {
    const Backend* found = find_backend(name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->name, "registry_test");
  }
}

TEST(Registry, UnknownNamesFindNothing) {
  EXPECT_EQ(find_backend("no_such_backend"), nullptr);
  EXPECT_EQ(find_backend(""), nullptr);
  EXPECT_EQ(find_backend("a."), nullptr);
  EXPECT_EQ(find_backend("module.registry_alias"), nullptr);
}

TEST(Registry, ASecondRegistrationReplacesTheFirst) {
  register_backend(named("registry_twice", "first"));
  const Backend* first = find_backend("registry_twice");
  const auto count = all_backends().size();
  register_backend(named("registry_twice", "second"));
  EXPECT_EQ(all_backends().size(), count);
  EXPECT_EQ(find_backend("registry_twice"), first);
  EXPECT_EQ(first->summary, "second");
}

}  // namespace
}  // namespace genesis::launch
