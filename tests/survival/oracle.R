# Writes oracle.json: what R's survival package says of oracle.csv. Run in this folder: Rscript oracle.R
library(survival)
d <- read.csv("oracle.csv")
out <- list()
number <- function(x) paste0("[", paste(ifelse(is.na(x), "null", ifelse(is.infinite(x), "null",
  format(as.numeric(x), digits = 16, trim = TRUE, scientific = TRUE))), collapse = ", "), "]")
keep <- function(name, x) out[[name]] <<- number(as.vector(x))

for (type in c("log", "log-log", "plain", "arcsin", "logit")) {
  f <- survfit(Surv(time, event) ~ 1, d, conf.type = type)
  keep(paste0("km_lower_", type), f$lower)
  keep(paste0("km_upper_", type), f$upper)
}
keep("km_time", f$time); keep("km_surv", f$surv); keep("km_std_err", f$std.err * f$surv)
keep("km_median", quantile(f, 0.5)$quantile)
f <- survfit(Surv(entry, time, event) ~ group, d, weights = weight)
keep("km_entry_time", f$time); keep("km_entry_surv", f$surv); keep("km_entry_risk", f$n.risk)
f <- survfit(Surv(time, event) ~ 1, d, stype = 2, ctype = 1)
keep("na_hazard", f$cumhaz); keep("na_std_err", f$std.chaz)
t <- summary(survfit(Surv(time, event) ~ 1, d), rmean = 15)$table
keep("rmst", t[c("rmean", "se(rmean)")])

for (rho in c(0, 1)) {
  f <- survdiff(Surv(time, event) ~ group, d, rho = rho)
  keep(paste0("logrank_rho", rho, "_chisq"), f$chisq)
  keep(paste0("logrank_rho", rho, "_var"), f$var)
}
f <- survdiff(Surv(time, event) ~ group + strata(stratum), d)
keep("logrank_strata_chisq", f$chisq)
keep("logrank_strata_obs", rowSums(f$obs)); keep("logrank_strata_exp", rowSums(f$exp))

f <- concordance(Surv(time, event) ~ x1, d, reverse = TRUE)
keep("c", c(f$concordance, sqrt(f$var), f$count))
f <- concordance(Surv(time, event) ~ x2, d, reverse = TRUE, weights = weight)
keep("c_weights", c(f$concordance, sqrt(f$var), f$count))
f <- concordance(Surv(time, event) ~ x1, d, reverse = TRUE, timewt = "n/G2")
keep("c_uno", c(f$concordance, sqrt(f$var)))

cox <- function(name, f) {
  keep(paste0(name, "_coef"), coef(f)); keep(paste0(name, "_loglik"), f$loglik)
  keep(paste0(name, "_var"), if (is.null(f$naive.var)) f$var else f$naive.var)
  if (!is.null(f$naive.var)) keep(paste0(name, "_robust"), f$var)
  keep(paste0(name, "_score"), f$score)
  keep(paste0(name, "_martingale"), residuals(f, "martingale"))
  keep(paste0(name, "_deviance"), residuals(f, "deviance"))
  keep(paste0(name, "_score_residuals"), residuals(f, "score"))
  keep(paste0(name, "_schoenfeld"), residuals(f, "schoenfeld"))
}
for (ties in c("efron", "breslow")) {
  cox(paste0("cox_", ties), coxph(Surv(time, event) ~ x1 + x2 + x3, d, ties = ties))
  cox(paste0("cox_full_", ties), coxph(Surv(entry, time, event) ~ x1 + x2 + x3 + strata(stratum), d, ties = ties,
                                      weights = weight, cluster = cluster))
  f <- coxph(Surv(time, event) ~ x1 + x2 + x3, d, ties = ties)
  b <- basehaz(f, centered = FALSE)
  keep(paste0("cox_", ties, "_basehaz"), b$hazard); keep(paste0("cox_", ties, "_basetime"), b$time)
}
writeLines(paste0("{\n", paste0("  \"", names(out), "\": ", unlist(out), collapse = ",\n"), "\n}"), "oracle.json")
