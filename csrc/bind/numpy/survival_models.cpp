#include "arrays.hpp"
#include "marey/survival/accuracy.hpp"
#include "marey/survival/bootstrap.hpp"
#include "marey/survival/cox_path.hpp"
#include "marey/survival/finegray.hpp"
#include "marey/survival/ranking_loss.hpp"

using namespace marey::numpy;
using namespace marey::survival;
using std::int64_t;
using std::uint8_t;

namespace {

const uint8_t* bytes(const Array<bool>& flags) { return reinterpret_cast<const uint8_t*>(flags.data()); }

struct FineGrayArrays {
  const Array<double>&X, &time;
  const Array<uint8_t>& outcome;
  const Array<double>&weights, &eta, &uncensored;

  FineGrayRows rows() const {
    const auto n = time.size();
    expect(X.ndim() == 2 && X.shape(0) == n, "`X` must be (row, column)");
    expect(outcome.size() == n && weights.size() == n && eta.size() == n && uncensored.size() == n,
           "every argument must have one value a row");
    return {n, X.shape(1), X.data(), time.data(), outcome.data(), weights.data(), eta.data(), uncensored.data()};
  }
};

py::tuple bind_finegray_pass(const Array<double>& X, const Array<double>& time, const Array<uint8_t>& outcome,
                             const Array<double>& weights, const Array<double>& eta, const Array<double>& uncensored) {
  const FineGrayRows rows = FineGrayArrays{X, time, outcome, weights, eta, uncensored}.rows();
  auto gradient = make_output<double>({rows.p}), hessian = make_output<double>({rows.p, rows.p});
  auto hazard = make_output<double>({rows.n});
  double loglik = 0;
  const FineGrayPass out{&loglik, gradient.mutable_data(), hessian.mutable_data(), hazard.mutable_data()};
  {
    py::gil_scoped_release nogil;
    finegray_pass(rows, out);
  }
  return py::make_tuple(loglik, gradient, hessian, hazard);
}

Array<double> bind_finegray_influence(const Array<double>& X, const Array<double>& time, const Array<uint8_t>& outcome,
                                      const Array<double>& weights, const Array<double>& eta,
                                      const Array<double>& uncensored) {
  const FineGrayRows rows = FineGrayArrays{X, time, outcome, weights, eta, uncensored}.rows();
  auto influence = make_output<double>({rows.n, rows.p});
  double* const out = influence.mutable_data();
  {
    py::gil_scoped_release nogil;
    finegray_influence(rows, out);
  }
  return influence;
}

Assessed make_assessed(const Array<double>& time, const Array<double>& case_weight, const Array<double>& times,
                       const double* control_weight) {
  expect(case_weight.size() == time.size(), "`case_weight` must have one value a row");
  return {time.size(), times.size(), time.data(), case_weight.data(), times.data(), control_weight};
}

Array<double> bind_brier(const Array<double>& time, const Array<double>& case_weight, const Array<double>& times,
                         const Array<double>& control_weight, const Array<double>& survival) {
  const Assessed a = make_assessed(time, case_weight, times, control_weight.data());
  expect(control_weight.size() == a.n_times, "`control_weight` must have one value a time");
  expect(survival.ndim() == 2 && survival.shape(0) == a.n && survival.shape(1) == a.n_times,
         "`survival` must be (row, time)");
  auto score = make_output<double>({a.n_times});
  double* const out = score.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(a.n_times, 16,
                        [&](int64_t first, int64_t last) { brier(a, survival.data(), first, last, out); });
  }
  return score;
}

Array<double> bind_dynamic_auc(const Array<double>& time, const Array<double>& case_weight, const Array<double>& times,
                               const Array<double>& risk) {
  const Assessed a = make_assessed(time, case_weight, times, nullptr);
  expect(risk.ndim() == 2 && risk.shape(1) == a.n && (risk.shape(0) == 1 || risk.shape(0) == a.n_times),
         "`risk` must be (1 or time, row)");
  auto auc = make_output<double>({a.n_times});
  double* const out = auc.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(a.n_times, 16, [&](int64_t first, int64_t last) {
      dynamic_auc(a, risk.data(), risk.shape(0), first, last, out);
    });
  }
  return auc;
}

void expect_ranks(const Array<int64_t>& ranks, int64_t n, const char* message) {
  expect(std::all_of(ranks.data(), ranks.data() + ranks.size(), [n](int64_t r) { return r >= 0 && r < n; }), message);
}

Array<std::int32_t> bind_bootstrap_counts(int64_t n, std::uint64_t seed, int64_t n_replicates) {
  auto counts = make_output<std::int32_t>({n_replicates, n});
  std::int32_t* const out = counts.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(n_replicates, 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; ++b) bootstrap_counts({n, seed}, b, out + b * n);
    });
  }
  return counts;
}

Array<double> bind_kaplan_meier_bootstrap(const Array<int64_t>& tick, const Array<bool>& event, int64_t n_ticks,
                                          const Array<int64_t>& wanted, std::uint64_t seed, int64_t n_replicates) {
  expect(event.size() == tick.size(), "`event` must have one value a row");
  expect_ranks(tick, n_ticks, "a tick lies outside 0 .. n_ticks - 1");
  expect_ranks(wanted, n_ticks + 1, "`wanted` lies outside 0 .. n_ticks");
  const CurveBootstrap c{{tick.size(), seed}, n_ticks, wanted.size(), tick.data(), bytes(event), wanted.data()};
  auto curves = make_output<double>({n_replicates, c.n_times});
  double* const out = curves.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(n_replicates, 1,
                        [&](int64_t first, int64_t last) { kaplan_meier_bootstrap(c, first, last, out); });
  }
  return curves;
}

Array<double> bind_concordance_bootstrap(const Array<int64_t>& tick, const Array<int64_t>& rank,
                                         const Array<int64_t>& index, const Array<bool>& event, int64_t n_ranks,
                                         std::uint64_t seed, int64_t n_replicates) {
  const auto n = tick.size();
  expect(rank.size() == n && index.size() == n && event.size() == n, "every argument must have one value a row");
  expect_ranks(rank, n_ranks, "a rank lies outside 0 .. n_ranks - 1");
  expect_ranks(index, n, "`index` must hold row numbers");
  const ConcordanceBootstrap c{{n, seed}, n_ranks, tick.data(), rank.data(), index.data(), bytes(event)};
  auto estimates = make_output<double>({n_replicates});
  double* const out = estimates.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(n_replicates, 1,
                        [&](int64_t first, int64_t last) { concordance_bootstrap(c, first, last, out); });
  }
  return estimates;
}

CoxPathRows make_path_rows(const Array<double>& X, const Array<double>& time, const Array<bool>& event) {
  expect(X.ndim() == 2 && X.shape(1) == time.size(), "`X` must be (column, row)");
  expect(event.size() == time.size(), "`event` must have one value a row");
  return {time.size(), X.shape(0), X.data(), time.data(), bytes(event)};
}

py::tuple bind_cox_path(const Array<double>& X, const Array<double>& time, const Array<bool>& event,
                        const Array<double>& lambdas, const Array<double>& factors, double l1_ratio, double tol,
                        int64_t max_sweeps) {
  const CoxPathRows rows = make_path_rows(X, time, event);
  expect(factors.size() == rows.p, "`factors` must have one value a column");
  const auto n_lambdas = lambdas.size();
  auto coef = make_output<double>({n_lambdas, rows.p}), loglik = make_output<double>({n_lambdas});
  auto converged = make_output<bool>({n_lambdas});
  const CoxPath path{n_lambdas,
                     lambdas.data(),
                     factors.data(),
                     l1_ratio,
                     tol,
                     max_sweeps,
                     coef.mutable_data(),
                     loglik.mutable_data(),
                     reinterpret_cast<uint8_t*>(converged.mutable_data())};
  {
    py::gil_scoped_release nogil;
    cox_path(rows, path);
  }
  return py::make_tuple(coef, loglik, converged);
}

Array<double> bind_cox_path_start(const Array<double>& X, const Array<double>& time, const Array<bool>& event) {
  const CoxPathRows rows = make_path_rows(X, time, event);
  auto gradient = make_output<double>({rows.p});
  cox_path_start(rows, gradient.mutable_data());
  return gradient;
}

template <typename T>
py::tuple bind_ranking_loss(const Array<T>& risk, const Array<T>& time, const Array<bool>& event, double sigma) {
  const auto n = risk.size();
  expect(time.size() == n && event.size() == n, "every argument must have one value a row");
  auto loss = make_output<T>({}), gradient = make_output<T>({n});
  int64_t row = -1;
  {
    py::gil_scoped_release nogil;
    row = ranking_loss<T>(
        {n, risk.data(), time.data(), bytes(event), sigma, loss.mutable_data(), gradient.mutable_data()});
  }
  if (row >= 0) throw py::value_error("`time` of row " + std::to_string(row) + " is NaN; expected a number");
  return py::make_tuple(loss, gradient);
}

}  // namespace

void bind_survival_models(py::module_& m) {
  const auto rows = [](const char* name) { return py::arg(name).noconvert(); };
  const auto def_finegray = [&](const char* name, auto function) {
    m.def(name, function, rows("X"), rows("time"), rows("outcome"), rows("weights"), rows("eta"), rows("uncensored"));
  };
  def_finegray("survival_finegray_pass", &bind_finegray_pass);
  def_finegray("survival_finegray_influence", &bind_finegray_influence);
  m.def("survival_brier", &bind_brier, rows("time"), rows("case_weight"), rows("times"), rows("control_weight"),
        rows("survival"));
  m.def("survival_dynamic_auc", &bind_dynamic_auc, rows("time"), rows("case_weight"), rows("times"), rows("risk"));
  m.def("survival_bootstrap_counts", &bind_bootstrap_counts, py::arg("n"), py::arg("seed"), py::arg("n_replicates"));
  m.def("survival_kaplan_meier_bootstrap", &bind_kaplan_meier_bootstrap, rows("tick"), rows("event"),
        py::arg("n_ticks"), rows("wanted"), py::arg("seed"), py::arg("n_replicates"));
  m.def("survival_concordance_bootstrap", &bind_concordance_bootstrap, rows("tick"), rows("rank"), rows("index"),
        rows("event"), py::arg("n_ranks"), py::arg("seed"), py::arg("n_replicates"));
  m.def("survival_cox_path", &bind_cox_path, rows("X"), rows("time"), rows("event"), rows("lambdas"), rows("factors"),
        py::arg("l1_ratio"), py::arg("tol"), py::arg("max_sweeps"));
  m.def("survival_cox_path_start", &bind_cox_path_start, rows("X"), rows("time"), rows("event"));
  const auto def_ranking = [&](auto function) {
    m.def("ranking_loss", function, rows("risk"), rows("time"), rows("event"), py::arg("sigma"));
  };
  def_ranking(&bind_ranking_loss<float>);
  def_ranking(&bind_ranking_loss<double>);
}
