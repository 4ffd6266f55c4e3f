# Writes oracle_glmnet.json: what glmnet says of oracle.csv with two more columns. Rscript oracle_glmnet.R
suppressMessages({ library(survival); library(glmnet) })
d <- read.csv("oracle.csv")
X <- cbind(as.matrix(d[, c("x1", "x2", "x3")]), d$x1 * d$x3, cos(d$x1 * 3))
y <- Surv(d$time, d$event)
out <- list()
number <- function(x) paste0("[", paste(format(as.numeric(x), digits = 16, trim = TRUE, scientific = TRUE),
  collapse = ", "), "]")
keep <- function(name, x) out[[name]] <<- number(as.vector(x))
glmnet.control(fdev = 0, devmax = 1)
for (alpha in c(1, 0.5, 0)) {
  lambda <- c(0.3, 0.1, 0.05, 0.02, 0.005)
  f <- glmnet(X, y, family = "cox", alpha = alpha, lambda = lambda, thresh = 1e-16, maxit = 1e7)
  keep(paste0("coef_", alpha), as.matrix(f$beta)); keep(paste0("dev_", alpha), f$dev.ratio)
}
f <- glmnet(X, y, family = "cox", nlambda = 3, thresh = 1e-16)
keep("lambda", f$lambda)
f <- glmnet(X, y, family = "cox", lambda = c(0.3, 0.1, 0.05), standardize = FALSE, thresh = 1e-16,
  penalty.factor = c(0, 0.5, 1, 1.5, 2))
keep("coef_factors", as.matrix(f$beta))
fold <- (seq_len(nrow(d)) - 1) %% 5
f <- cv.glmnet(X, y, family = "cox", lambda = c(0.3, 0.1, 0.05, 0.02, 0.005), foldid = fold + 1, thresh = 1e-16)
keep("cv", f$cvm); keep("cv_error", f$cvsd); keep("cv_best", c(f$lambda.min, f$lambda.1se))
writeLines(paste0("{\n", paste0("  \"", names(out), "\": ", unlist(out), collapse = ",\n"), "\n}"), "oracle_glmnet.json")
