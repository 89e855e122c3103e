// A whole server in a test: real sockets and threads, a store in memory, a primer that the test scripts.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/asio_scheduler.h"
#include "engine/engine.h"
#include "http/compressed_forms.h"
#include "http/server.h"
#include "process/one_node.h"
#include "refresh/refresh_worker.h"
#include "store/open.h"
#include "testing/fake_primer.h"
#include "testing/held_writer.h"
#include "testing/http_connection.h"

namespace kck {

// Products: `item/:id` (int), `page/:id` (int; cache_control of 60, 30 and 10 seconds, expires after 3600),
// `note/:name` (settable), `rare/:id` (on_miss: error). Updater `item`: insert takes name and price (float, nullable),
// update those and id (int, the primary key), delete the id. Process `count`: SQL, hourly. Serve() comes first.
class HttpFixture : public testing::Test {
 public:
  HttpFixture();
  ~HttpFixture() override;

 protected:
  // Starts the server on a port that the system chooses, with settings changed by `edit`.
  void Serve(const std::function<void(HttpSettings&)>& edit = [](HttpSettings&) {}, int threads = 1);

  // One call on a connection of its own.
  WireAnswer Call(std::string_view method, std::string_view target, std::string_view body = {},
                  std::string_view headers = {});

  HttpConnection Connect() { return HttpConnection(server_->port()); }

  // Has the primer compute `value` for every key, as read at version number `number`.
  void Script(const std::string& value, std::uint64_t number);
  // Has every compute fail.
  void ScriptFailure(ErrorCode code);

  static constexpr const char* kVersion = "1.2.3";

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  AsioScheduler scheduler_;
  std::thread worker_;
  std::unique_ptr<Store> store_;
  FakePrimer primer_;
  std::shared_ptr<HeldWriter> writer_ = std::make_shared<HeldWriter>();
  EngineLimits limits_;
  std::unique_ptr<Engine> engine_;
  RefreshLimits refresh_limits_;
  OwnsAllKeys ownership_;
  std::unique_ptr<RefreshWorker> refresher_;
  OneNode claims_{scheduler_};
  std::unique_ptr<ProcessRunner> processes_;
  DefinitionsReport definitions_;                    // what the probe says; fixed while requests run
  std::map<std::string, SourceStats> source_stats_;  // likewise
  std::optional<CompressedForms> forms_;             // where the settings have compression
  std::unique_ptr<HttpServer> server_;
};

}  // namespace kck
