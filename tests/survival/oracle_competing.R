# Writes oracle_competing.json: what R's cmprsk and survival say of oracle.csv with two causes. Rscript oracle_competing.R
suppressMessages({ library(survival); library(cmprsk) })
d <- read.csv("oracle.csv")
d$cause <- ifelse(d$event == 1, ifelse(d$group == 2, 2, 1), 0)
X <- as.matrix(d[, c("x1", "x2", "x3")])
out <- list()
number <- function(x) paste0("[", paste(ifelse(is.na(x), "null",
  format(as.numeric(x), digits = 16, trim = TRUE, scientific = TRUE)), collapse = ", "), "]")
keep <- function(name, x) out[[name]] <<- number(as.vector(x))

for (untied in c(FALSE, TRUE)) {
  time <- if (untied) d$time + seq_len(nrow(d)) / 1000 else d$time
  for (cause in 1:2) {
    f <- crr(time, d$cause, X, failcode = cause, gtol = 1e-12)
    name <- paste0("crr", cause, if (untied) "_untied" else "")
    keep(paste0(name, "_coef"), f$coef)
    keep(paste0(name, "_loglik"), c(f$loglik.null, f$loglik))
    keep(paste0(name, "_naive"), solve(f$inf)); keep(paste0(name, "_var"), f$var)
    keep(paste0(name, "_time"), f$uftime); keep(paste0(name, "_hazard"), cumsum(f$bfitj))
    p <- predict(f, matrix(c(0.5, 1, -0.2), 1))
    keep(paste0(name, "_incidence"), p[, 2])
  }
}
f <- survfit(Surv(time, factor(cause, 0:2)) ~ 1, d)
keep("aj_time", f$time); keep("aj_state", f$pstate)
f <- survfit(Surv(entry, time, factor(cause, 0:2)) ~ group, d, weights = weight, id = seq_len(nrow(d)))
keep("aj_full_time", f$time); keep("aj_full_state", f$pstate)
writeLines(paste0("{\n", paste0("  \"", names(out), "\": ", unlist(out), collapse = ",\n"), "\n}"),
  "oracle_competing.json")
