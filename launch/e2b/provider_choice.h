#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "genesis/base/error.h"
#include "launch/e2b/addressing.h"
#include "launch/e2b/e2b_config.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

enum class ProviderSource {
  given,  ///< What the environment names.
  own,    ///< A sandbox server of this machine, for want of a key.
};

/// Pure: a key means that provider. Neither key nor address means a server of one's own. Errors: an
/// address without a key, or the cloud without one.
Result<ProviderSource> choose_provider(ProviderChoice wanted, const AddressSettings& settings);

struct ChosenAddress {
  Addressing addressing;
  std::string notice;  ///< A line for people; empty: nothing to say.
};
/// By the environment; starts or finds the server of one's own where that is it. Blocking.
Result<ChosenAddress> choose_address(ProviderChoice wanted);

struct ChosenProvider {
  std::shared_ptr<Provider> provider;
  std::string notice;
};
/// choose_address() and a client for it. Blocking.
Result<ChosenProvider> make_provider(boost::asio::io_context& io, ProviderChoice wanted);

}  // namespace genesis::launch::e2b
