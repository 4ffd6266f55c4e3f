#include <memory>
#include <new>

#include "arrays.hpp"
#include "marey/ode/solve.hpp"

using namespace marey::numpy;
namespace ode = marey::ode;

namespace {

template <typename F>
F address(std::uintptr_t value) {
  return reinterpret_cast<F>(value);
}

struct Free {
  void operator()(double* p) const { ::operator delete[](p, std::align_val_t(64)); }
};

std::unique_ptr<double[], Free> aligned_doubles(std::int64_t count) {
  return std::unique_ptr<double[], Free>(new (std::align_val_t(64)) double[static_cast<std::size_t>(count)]);
}

// The fixed-time events of all problems, as four columns cut by offsets.
struct DoseColumns {
  Array<std::int64_t> offsets;
  Array<double> time;
  Array<std::int32_t> kind;
  Array<std::int64_t> state;
  Array<double> amount;
};

ode::Doses doses_of(const std::optional<py::tuple>& given, DoseColumns& c, std::int64_t n, std::int64_t n_states) {
  if (!given) return {};
  c = {py::cast<Array<std::int64_t>>((*given)[0]), py::cast<Array<double>>((*given)[1]),
       py::cast<Array<std::int32_t>>((*given)[2]), py::cast<Array<std::int64_t>>((*given)[3]),
       py::cast<Array<double>>((*given)[4])};
  const auto total = c.time.size();
  expect(c.offsets.size() == n + 1, "dose offsets must have one entry more than there are problems");
  check_offsets(c.offsets, total);
  expect(c.kind.size() == total && c.state.size() == total && c.amount.size() == total,
         "dose columns differ in length");
  for (py::ssize_t i = 0; i < total; ++i) {
    expect(c.state.data()[i] >= 0 && c.state.data()[i] < n_states, "a dose names a state that is not there");
    expect(c.kind.data()[i] >= 0 && c.kind.data()[i] <= 2, "a dose has an unknown kind");
  }
  return {c.offsets.data(), c.time.data(), c.amount.data(), c.kind.data(), c.state.data()};
}

py::dict solve(std::uintptr_t f, std::uintptr_t jacobian, const Array<double>& y0, const Array<double>& params,
               const Array<double>& times, const Array<double>& t0, const Array<std::int64_t>& which,
               const std::string& method, double rtol, const Array<double>& atol, double first_step, double max_step,
               std::int64_t max_steps, bool notice_stiffness, const std::optional<py::tuple>& doses,
               std::uintptr_t roots, const Array<std::int32_t>& direction, const Array<bool>& terminal,
               std::int64_t most_roots) {
  expect(f != 0, "the right-hand side has no address");
  expect(y0.ndim() == 2 && params.ndim() == 2 && params.shape(0) == y0.shape(0), "`y0` and `params` must be (N, ...)");
  const std::int64_t n = y0.shape(0), n_states = y0.shape(1);
  const bool own_times = times.ndim() == 2;
  expect(times.ndim() == 1 || (own_times && times.shape(0) == n), "`t_eval` must be (T,) or (N, T)");
  expect(t0.size() == n && atol.size() == n_states, "`t0` must be (N,), `atol` (n,)");
  expect(direction.size() == terminal.size(), "root functions need a direction and whether they end");
  for (py::ssize_t i = 0; i < which.size(); ++i) {
    expect(which.data()[i] >= 0 && which.data()[i] < n, "a problem that is not there");
  }
  ode::Problems p{};
  p.n_states = n_states, p.n_params = params.shape(1), p.n_times = times.shape(own_times ? 1 : 0);
  p.f = address<ode::Function>(f), p.jacobian = address<ode::Function>(jacobian);
  p.y0 = y0.data(), p.params = params.data(), p.times = times.data(), p.t0 = t0.data(), p.own_times = own_times;
  p.rtol = rtol, p.atol = atol.data(), p.first_step = first_step, p.max_step = max_step, p.max_steps = max_steps;
  p.method = method == "rodas5p" ? ode::Method::rodas5p : method == "vern7" ? ode::Method::vern7 : ode::Method::tsit5;
  p.notice_stiffness = notice_stiffness;
  DoseColumns columns;
  p.doses = doses_of(doses, columns, n, n_states);

  auto y = make_output<double>({n, n_states, p.n_times});
  auto outcome = make_output<std::int32_t>({n});
  auto accepted = make_output<std::int64_t>({n}), rejected = make_output<std::int64_t>({n});
  auto root_time = make_output<double>({n, most_roots}), root_y = make_output<double>({n, most_roots, n_states});
  auto root_index = make_output<std::int32_t>({n, most_roots});
  auto root_count = make_output<std::int64_t>({n});
  p.y = y.mutable_data(), p.outcome = outcome.mutable_data();
  p.accepted = accepted.mutable_data(), p.rejected = rejected.mutable_data();
  if (roots != 0) {
    p.roots = {address<ode::Function>(roots),
               direction.size(),
               most_roots,
               direction.data(),
               reinterpret_cast<const std::uint8_t*>(terminal.data()),
               root_time.mutable_data(),
               root_index.mutable_data(),
               root_y.mutable_data(),
               root_count.mutable_data()};
  }
  {
    py::gil_scoped_release nogil;
    const std::int64_t count = which.size(), size = ode::work_size(p);
    marey::parallel_for(count, 2 * ode::block_lanes, [&](std::int64_t begin, std::int64_t end) {
      const auto work = aligned_doubles(size);
      ode::solve(p, which.data(), begin, end, work.get());
    });
  }
  py::dict result;
  result["y"] = y, result["outcome"] = outcome, result["accepted"] = accepted, result["rejected"] = rejected;
  if (roots != 0) {
    result["root_time"] = root_time, result["root_index"] = root_index, result["root_y"] = root_y;
    result["root_count"] = root_count;
  }
  return result;
}

}  // namespace

void bind_ode(py::module_& m) {
  m.def("ode_solve", &solve, py::arg("f"), py::arg("jacobian"), py::arg("y0"), py::arg("params"), py::arg("times"),
        py::arg("t0"), py::arg("which"), py::arg("method"), py::arg("rtol"), py::arg("atol"), py::arg("first_step"),
        py::arg("max_step"), py::arg("max_steps"), py::arg("notice_stiffness"), py::arg("doses"), py::arg("roots"),
        py::arg("direction"), py::arg("terminal"), py::arg("most_roots"));
}
