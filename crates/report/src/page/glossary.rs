//! Explanations of the columns of tables.

use crate::page::table::{Head, Table};

/// Columns with their explanations. A name is matched as a whole, ignoring case.
const TERMS: &[(&str, &str)] = &[
    (
        "configuration",
        "the hyper-parameters in which runs of one optimizer differ, except the seed",
    ),
    (
        "best configuration",
        "the best configuration of this optimizer by the selection metric; the sentences below the table give the rule",
    ),
    (
        "learning rate",
        "the optimizer's step size, as planned; a schedule changes it during the run",
    ),
    ("schedule", "how the learning rate changes during a run"),
    (
        "seed",
        "the number from which initial weights and the order of samples are drawn; the same seed is the same start for every optimizer",
    ),
    ("seeds", "runs, one per seed; two numbers are completed and planned runs"),
    (
        "status",
        "completed, diverged (a loss became NaN or infinite), cut (paused before its end), failed, timed out, cancelled, or missing (not trained yet)",
    ),
    (
        "validation accuracy",
        "share of validation samples classified correctly in the evaluation that counts",
    ),
    ("test accuracy", "share of test samples classified correctly in the evaluation that counts"),
    (
        "validation top-5 accuracy",
        "share of validation samples whose class is among the model's five likeliest in the evaluation that counts",
    ),
    (
        "test top-5 accuracy",
        "share of test samples whose class is among the model's five likeliest in the evaluation that counts",
    ),
    (
        "validation F1",
        "mean over the classes of F1 (the harmonic mean of precision and recall) on the validation samples in the evaluation that counts",
    ),
    (
        "test F1",
        "mean over the classes of F1 (the harmonic mean of precision and recall) on the test samples in the evaluation that counts",
    ),
    (
        "training loss of the last steps",
        "mean loss over the training samples as they were fed during the last segment, whichever evaluation counts",
    ),
    (
        "test accuracy after the last step",
        "share of test samples classified correctly after the last step, whichever evaluation counts",
    ),
    ("best step", "the first step with the run's best validation value of the target's metric"),
    (
        "training loss of the last epoch",
        "mean loss over the training samples as they were fed during the last epoch, whichever evaluation counts",
    ),
    (
        "training loss at the end",
        "mean loss over the training samples as they were fed during the last epoch that was trained, in which runs that reached the target stopped",
    ),
    (
        "test accuracy after the last epoch",
        "share of test samples classified correctly after the last epoch, whichever evaluation counts",
    ),
    (
        "test accuracy at the end",
        "share of test samples classified correctly after the last epoch that was trained, in which runs that reached the target stopped; no part of the verdict",
    ),
    (
        "training samples to the target",
        "samples fed until the target was first measured; the mean is over runs that reached it, the median counts all",
    ),
    (
        "training loss",
        "mean loss over the training samples as they were fed during the last epoch, for runs by steps the last segment; lower is better",
    ),
    (
        "validation loss",
        "mean loss over the validation samples in the evaluation that counts; lower is better",
    ),
    ("test loss", "mean loss over the test samples in the evaluation that counts; lower is better"),
    (
        "bits per character",
        "mean over seeds of the judging loss in bits (divided by ln 2); with a vocabulary of bytes, bits per byte",
    ),
    (
        "perplexity",
        "mean over seeds of e to the judging loss: the number of equally likely tokens that would be as hard to guess",
    ),
    (
        "95% interval",
        "an interval built to contain the true mean over seeds in 95 of 100 such experiments; none below three seeds, and somewhat short for few seeds if it is bootstrapped",
    ),
    (
        "95% interval with the choice",
        "an interval built to contain the true mean of the chosen configuration, whichever that is, in 95 of 100 such \
         experiments, each with its own choice",
    ),
    ("chosen again", "share of the resamples of the seeds that choose this configuration"),
    (
        "IQM",
        "interquartile mean: the mean of the middle half of the seeds, on which single bad seeds have little effect",
    ),
    (
        "median",
        "the middle value of the seeds, for an even number the mean of the middle two; a seed that diverged or never \
         reached the target counts as the worst, so if half of them did, so does the median",
    ),
    ("best epoch", "the first epoch with the run's best validation value of the target's metric"),
    (
        "epoch of the highest validation accuracy",
        "the first epoch that reached the run's highest validation accuracy; the other columns are of the last epoch",
    ),
    ("epochs", "whole passes over the training samples"),
    ("epochs trained", "whole passes over the training samples, all runs together"),
    ("steps", "optimizer steps done; one step a batch"),
    ("optimizer steps", "optimizer steps of all runs together; one step a batch"),
    ("training time", "time spent training, evaluation left out"),
    ("per epoch", "training time divided by epochs trained"),
    ("completed", "runs that trained to their end"),
    ("diverged", "runs in which a loss became NaN or infinite"),
    ("no result", "runs that were cut, failed, timed out, were cancelled or are not trained yet"),
    ("diverged at step", "the first optimizer step whose loss was NaN or infinite"),
    ("in epoch", "the epoch of that step, counted from 1"),
    (
        "configurations",
        "configurations that were tried: the best of many has had more chances than the best of few",
    ),
    ("run", "the first characters of the run's id; the Parquet files have it in full"),
    (
        "chosen configuration",
        "the best configuration of this optimizer by the selection metric; the sentences below the table give the rule",
    ),
    ("chosen from", "configurations with a result: the best of many has had more chances"),
    ("note", "caveats on the row"),
    ("first", "of the two, the one that ranks higher by the judging metric"),
    ("second", "the one it is compared with"),
    (
        "lead in points",
        "mean over seeds of the first's value minus the second's, in percentage points",
    ),
    ("lead", "mean over seeds of how much better the first is than the second; positive is better"),
    (
        "seeds in the lead",
        "seeds that completed, or reached the target, with both optimizers: the lead is a mean over them",
    ),
    (
        "seeds compared",
        "seeds with a result of both optimizers, which are tested; one that diverged or never reached the target counts as the worst",
    ),
    (
        "seeds won",
        "seeds on which the first was better; a run that diverged or never reached the target is the worst",
    ),
    (
        "probability of improvement",
        "the probability that a run of the first is better than a run of the second, over all pairs of runs; 0.5 is level",
    ),
    (
        "p, sign flips",
        "permutation test: how often flipping the signs of the differences at random gives as large a mean",
    ),
    (
        "p, permutation",
        "permutation test of two samples, where seeds do not pair: how often dividing all runs at random gives as large a difference",
    ),
    (
        "p, ranks",
        "permutation test of the ranks of two samples, where a run diverged or never reached the target",
    ),
    ("decided by", "the test whose p the verdict rests on"),
    (
        "p, Holm",
        "the p of the test that decides, corrected for the number of comparisons; at most 0.05 is significant",
    ),
    (
        "p, Wilcoxon",
        "Wilcoxon's signed-rank test: how often flipping the signs of the ranked differences at random gives as large a sum",
    ),
    (
        "p, all looks",
        "the smallest over the looks of the p corrected for the number of comparisons, divided by the look's share of the level",
    ),
    (
        "interval",
        "the leads that the test does not reject at the part of the level that the pair's look may spend; they hold whenever the seeds stop",
    ),
    ("stage", "fresh where the seeds had no part in choosing the configuration"),
    ("place", "the order in which the tuning seeds chose the configurations of an optimizer"),
    (
        "fresh seeds",
        "seeds that had no part in choosing; two numbers are completed and planned seeds",
    ),
    ("p, Wilcoxon, Holm", "the p of Wilcoxon's test, corrected likewise"),
    (
        "verdict",
        "outcome of the deciding test after correction; level: no seed differs; underpowered: so few differing seeds cannot show a difference, however large",
    ),
    ("published", "the number as its source prints it; in brackets the number of runs averaged"),
    ("ours", "the number that this program finds for the same setting; in brackets the seeds"),
    ("rule", "how close the two must be; the rules are at the end of the page"),
    (
        "deviation",
        "ours minus published in units of the rule: standard errors (s.e.) or standard deviations (s.d.), of which 3 are allowed, or the tolerance, of which 1 is",
    ),
    (
        "outcome",
        "agrees; differs; differs for a reason that is understood and stated; or skipped, because ours was not found here; not counted: shown for information",
    ),
    (
        "claim",
        "carried where the one-sided p is at most the level that the sweep file declares; else why not",
    ),
    ("above the target by", "the mean minus the target; negative: the mean is below it"),
    ("below the target by", "the target minus the mean; negative: the mean is above it"),
    (
        "seeds with a value",
        "seeds that completed with a finite value at the epoch or step of the claim; the others did not reach the target",
    ),
    (
        "p, one-sided",
        "the probability of seeds that support the claim at least as much as these, if the truth were at the target",
    ),
    (
        "fewest seeds that would carry it",
        "the fewest seeds that would carry the claim if they resembled these; a dash: no number would",
    ),
    (
        "score",
        "area below the performance profile from ratio 1 to the largest that counts, as a fraction: 1 is the fastest in every task",
    ),
    (
        "by 100 points",
        "the same by the rule that AlgoPerf publishes, which joins 100 points of the profile by straight lines",
    ),
    ("fastest in", "tasks in which no other of those compared reached the target sooner"),
    ("target reached in", "tasks whose target more than half of the seeds reached"),
    (
        "where both reached it",
        "the speed-up over only the tasks whose target both optimizers reached",
    ),
    ("tasks that both reached", "tasks over which the speed-up beside it is a mean"),
    (
        "mean rank",
        "mean over tasks of the place within a task, from 1; optimizers that all tasks have",
    ),
    (
        "tasks led, alone or level",
        "tasks in which no other optimizer that all tasks have is better",
    ),
    ("worst rank", "its place in the task that suits it least"),
    (
        "lead, standardised",
        "the same after each task's leads were divided by their root mean square, from -1 to 1; what the sign flips test",
    ),
    ("tasks in the lead", "tasks over whose runs the lead is a mean"),
    (
        "pairs in the lead",
        "pairs of a task and seed that completed, or reached the target to stop at, with both optimizers",
    ),
    ("pairs of runs", "one per task and seed with a result of both optimizers, which are tested"),
    (
        "won",
        "pairs of runs in which the first is better; a run that diverged or never reached the target is the worst",
    ),
    ("runs that reached it", "of the runs with a result"),
    (
        "median epochs",
        "epochs that half of the runs needed at most; never: half did not reach the target",
    ),
    ("median steps", "the same in optimizer steps"),
    ("median training time", "the same in seconds of training, evaluation left out"),
    (
        "fastest of its configurations, median steps",
        "the quickest of all configurations tried, which is flattered by having been picked for its speed",
    ),
    ("which", "the fastest configuration"),
    ("device time", "time that a device was held: training and evaluation, all runs together"),
    ("share of device time", "of all optimizers together"),
    ("training time 1,000 steps", "training time divided by the thousands of steps done"),
    ("training time an epoch", "training time divided by epochs trained"),
    ("training time a run", "mean over seeds, evaluation left out"),
    ("divergence rate", "diverged runs as a share of those with a result"),
    ("tried", "number of different learning rates"),
    ("learning rates tried", "from the smallest to the largest"),
    ("best", "the learning rate of the chosen configuration"),
    ("decades", "width of that range in powers of ten: how forgiving the optimizer is"),
    (
        "one at random, median",
        "median of the judging metric of a configuration picked blindly from those tried: the result without tuning",
    ),
    (
        "chosen from all",
        "judging metric of the configuration chosen from all: the result of tuning",
    ),
    (
        "effect",
        "how far the mean moved: losses, steps and seconds relative to what they were, accuracies and shares in percentage points (pp), epochs as they are",
    ),
    (
        "interval of the effect",
        "simultaneous for all comparisons of the night; a dash: counts that noise does not explain, or too few pairs",
    ),
    ("min effect", "largest effect of a change that is tolerated, from [regress] min_effect"),
    (
        "finding",
        "regressed or improved: the interval excludes zero and the effect exceeds min effect; small: the interval alone does",
    ),
    ("pairs compared", "seeds that ended with a value on both sides"),
    (
        "diverged on one side",
        "seeds that diverged on one side alone: worse than any other by rank, and in no mean",
    ),
    ("nights before", "nights that the level before rests on"),
    ("nights after", "nights that the level after rests on"),
    ("bit-identical", "pairs that ended with the same weights to the last bit"),
    (
        "against tonight",
        "for the worse since the baseline was accepted, above min effect, and not undone since",
    ),
    ("level before", "mean over nights and seeds before the change"),
    ("level after", "mean over nights and seeds after it"),
    ("commits", "the last night at the old level and the first at the new one"),
    (
        "to add",
        "values to try next: beyond the edge on which the best one is, or in a wide gap beside it; those of the learning rate first",
    ),
];

/// The lead over several tasks, in the unit of the metric in the head.
const LEAD_IN: &str = "mean over tasks of the mean lead in each, over the pairs of runs that completed, or reached the target, \
                       with both; positive: the first is better";

/// The speed-up over the reference in the head.
const SPEED_UP: &str = "geometric mean over tasks of the reference's time to the target divided by the optimizer's; 0: it alone \
                        never reached a target, infinite: the reference alone";

/// The tasks solved within the ratio in the head.
const WITHIN: &str =
    "tasks whose target was reached within that multiple of the fastest optimizer's time";

/// The optimism of the metric in the head.
const OPTIMISM: &str = "the mean on the seeds that chose the configuration against that on fresh ones; positive: it looked \
                        better where it was chosen";

/// Returns the explanation of a column; `None` if its name explains itself.
pub(crate) fn explain(table: &Table, at: usize) -> Option<String> {
    let Head { name, .. } = &table.head[at];
    let plain = name.strip_suffix(", mean \u{b1} sd").unwrap_or(name);
    let plain = plain.strip_prefix("Chosen by: ").unwrap_or(plain);
    // Over several tasks, the head of a lead names its metric.
    let text = match TERMS.iter().find(|(term, _)| term.eq_ignore_ascii_case(plain)) {
        Some((_, text)) => text,
        None if plain.starts_with("Lead in ") => &LEAD_IN,
        None if plain.starts_with("Speed-up over ") => &SPEED_UP,
        None if plain.starts_with("Optimism of ") => &OPTIMISM,
        None if plain.starts_with("Within \u{d7}") => &WITHIN,
        None => return None,
    };
    let spread = table.rows.iter().any(|row| row[at].text.contains('\u{b1}'));
    let points = table.rows.iter().any(|row| row[at].text.contains('%'));
    Some(match (spread, points) {
        (false, _) => (*text).to_owned(),
        (true, false) => format!("{text}; mean over seeds \u{b1} standard deviation between seeds"),
        (true, true) => format!(
            "{text}; mean over seeds \u{b1} standard deviation between seeds, the latter in percentage points"
        ),
    })
}
