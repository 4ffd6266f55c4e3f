#include "arrays.hpp"
#include "marey/state_space/kalman.hpp"

using namespace marey::numpy;
using marey::state_space::KalmanFilter;
using marey::state_space::KalmanProblem;
using marey::state_space::KalmanSmoother;
using marey::state_space::Model;
using marey::state_space::Reals;

namespace {

using Floats = py::array;  // float32 or float64, C-contiguous
using Shape = std::vector<py::ssize_t>;

bool is_single(const Floats& a) { return py::isinstance<py::array_t<float>>(a); }

Reals reals(const Floats& a, const char* name) {
  expect(is_single(a) || py::isinstance<py::array_t<double>>(a), name);
  expect(bool(a.flags() & py::array::c_style), name);
  return {a.data(), is_single(a), 0, 0};
}

// (1 or B, 1 or T, rows, columns)
Reals matrices(const Floats& a, const KalmanProblem& p, std::int64_t rows, std::int64_t columns, const char* name) {
  expect(a.ndim() == 4 && (a.shape(0) == 1 || a.shape(0) == p.n_series) &&
             (a.shape(1) == 1 || a.shape(1) == p.length) && a.shape(2) == rows && a.shape(3) == columns,
         name);
  Reals r = reals(a, name);
  const std::int64_t size = rows * columns;
  r.step = a.shape(1) == 1 ? 0 : size;
  r.series = a.shape(0) == 1 ? 0 : size * a.shape(1);
  return r;
}

// (1 or B, columns...)
Reals rows(const Floats& a, const KalmanProblem& p, const Shape& columns, const char* name) {
  expect(a.ndim() == py::ssize_t(columns.size()) + 1 && (a.shape(0) == 1 || a.shape(0) == p.n_series), name);
  Reals r = reals(a, name);
  std::int64_t size = 1;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    expect(a.shape(k + 1) == columns[k], name);
    size *= columns[k];
  }
  r.series = a.shape(0) == 1 ? 0 : size;
  return r;
}

KalmanProblem problem(const Floats& y, const std::optional<Floats>& F, const Floats& H, const std::optional<Floats>& Q,
                      const Floats& R, const Floats& x0, const Floats& P0, const Optional<bool>& mask,
                      const std::optional<Floats>& dt, const std::optional<Floats>& parameters, int model,
                      bool continued) {
  expect(y.ndim() == 3 && x0.ndim() == 2 && x0.shape(1) > 0, "`y` must have three axes, `x0` two");
  KalmanProblem p;
  p.n_series = y.shape(0);
  p.n_outputs = y.shape(1);
  p.length = y.shape(2);
  p.n_states = x0.shape(1);
  const std::int64_t n = p.n_states, m = p.n_outputs;
  p.model = Model(model);
  p.continued = continued;
  p.y = reals(y, "`y` must be contiguous");
  p.y.series = m * p.length;
  expect(p.model == Model::given ? F && Q : dt && parameters, "`F` and `Q`, or a model, its parameters and `dt`");
  if (p.model == Model::given) {
    p.F = matrices(*F, p, n, n, "`F` must be (1 or B, 1 or T, n, n)");
    p.Q = matrices(*Q, p, n, n, "`Q` must be (1 or B, 1 or T, n, n)");
  } else {
    expect(model > 0 && model <= int(Model::matern52) && n == marey::state_space::states_of(p.model),
           "`model` has another number of states");
    p.dt = rows(*dt, p, {p.length}, "`dt` must be (1 or B, T)");
    p.parameters = rows(*parameters, p, {2}, "`parameters` must be (1 or B, 2)");
  }
  p.H = matrices(H, p, m, n, "`H` must be (1 or B, 1 or T, m, n)");
  p.R = matrices(R, p, m, m, "`R` must be (1 or B, 1 or T, m, m)");
  p.x0 = rows(x0, p, {n}, "`x0` must be (1 or B, n)");
  p.P0 = rows(P0, p, {n, n}, "`P0` must be (1 or B, n, n)");
  if (mask) {
    p.mask_per_output = mask->ndim() == 3;
    expect(mask->size() == p.n_series * p.length * (p.mask_per_output ? m : 1), "`mask` must be (B, T) or (B, m, T)");
    p.mask = reinterpret_cast<const std::uint8_t*>(mask->data());
  }
  return p;
}

Floats make_floats(bool single, const Shape& shape) {
  if (single) return make_output<float>(shape);
  return make_output<double>(shape);
}

// Items of eight series to a thread so that it has work for more than its start costs.
template <typename Run>
void run_in_parallel(const KalmanProblem& p, Run run) {
  const std::int64_t items = marey::state_space::kalman_items(p), size = marey::state_space::kalman_workspace(p);
  const std::int64_t grain = 1 + 8192 / std::max<std::int64_t>(1, p.length * p.n_states);
  py::gil_scoped_release nogil;
  marey::parallel_for(items, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> workspace(size);
    run(begin, end, workspace.data());
  });
}

template <typename Arguments, auto function, bool shared_covs>
py::tuple estimate(const Floats& y, const std::optional<Floats>& F, const Floats& H, const std::optional<Floats>& Q,
                   const Floats& R, const Floats& x0, const Floats& P0, const Optional<bool>& mask,
                   const std::optional<Floats>& dt, const std::optional<Floats>& parameters, int model, bool continued,
                   bool mean, bool cov) {
  const KalmanProblem p = problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued);
  const bool single = is_single(x0);
  const auto B = p.n_series, n = p.n_states, T = p.length;
  const auto covs_of = shared_covs && B > 0 && marey::state_space::covariances_are_shared(p) ? 1 : B;
  std::optional<Floats> means, covs;
  if (mean) means = make_floats(single, {B, n, T});
  if (cov) covs = make_floats(single, {covs_of, n, n, T});
  Floats loglik = make_floats(single, {B});
  const Arguments a{p, means ? means->mutable_data() : nullptr, covs ? covs->mutable_data() : nullptr,
                    loglik.mutable_data(), single};
  run_in_parallel(p, [&](std::int64_t begin, std::int64_t end, double* w) { function(a, begin, end, w); });
  return py::make_tuple(means, covs, loglik);
}

}  // namespace

void bind_state_space(py::module_& m) {
  const auto def = [&](const char* name, auto function) {
    m.def(name, function, py::arg("y").noconvert(), py::arg("F").noconvert(), py::arg("H").noconvert(),
          py::arg("Q").noconvert(), py::arg("R").noconvert(), py::arg("x0").noconvert(), py::arg("P0").noconvert(),
          py::arg("mask").noconvert() = py::none(), py::arg("dt").noconvert() = py::none(),
          py::arg("parameters").noconvert() = py::none(), py::arg("model") = 0, py::arg("continued") = false,
          py::arg("mean") = true, py::arg("cov") = true);
  };
  def("kalman_filter", &estimate<KalmanFilter, marey::state_space::kalman_filter, true>);
  def("kalman_smoother", &estimate<KalmanSmoother, marey::state_space::kalman_smoother, false>);
}
