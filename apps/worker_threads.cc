#include "apps/worker_threads.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>
#include <vector>

#include "apps/commands.h"
#include "base/log.h"

namespace kck {

struct WorkerThreads::Impl {
  void AwaitFirst() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      first_signal.set_value(number);
      AwaitSecond();
    });
  }

  void AwaitSecond() {
    signals.async_wait([](const boost::system::error_code& error, int number) {
      if (error) return;
      LogWarning("signal {} again: ending at once", number);
      std::_Exit(kExitFailed);
    });
  }

  void AwaitHangup(std::function<void()> reload) {
    hangups.async_wait([this, reload = std::move(reload)](const boost::system::error_code& error, int) {
      if (error) return;
      reload();
      AwaitHangup(reload);
    });
  }

  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  boost::asio::signal_set hangups{io, SIGHUP};
  std::promise<int> first_signal;
  std::vector<std::thread> threads;
};

WorkerThreads::WorkerThreads(int threads) : impl_(std::make_unique<Impl>()) {
  impl_->AwaitFirst();
  for (int i = 0; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->io.run(); });
}

WorkerThreads::~WorkerThreads() { Stop(); }

boost::asio::any_io_executor WorkerThreads::executor() { return impl_->io.get_executor(); }

void WorkerThreads::OnHangup(std::function<void()> reload) { impl_->AwaitHangup(std::move(reload)); }

int WorkerThreads::AwaitSignal() { return impl_->first_signal.get_future().get(); }

void WorkerThreads::Stop() {
  impl_->io.stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

}  // namespace kck
