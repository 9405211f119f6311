"""Patterns of the sentences of a report that contain a number, a label or a verdict, one pattern per sentence.

`<L name>` is a label, `<LIST name>` labels in a row, `<N name>` a whole number, `<X name>` a number with its unit,
`<P name>` a p-value, `<S name>` a number of seeds, `<T name>` a time, `<R name>` any text up to the next part, `<VALUE>` a
mean with its interval. A sentence that matches no pattern is an error if it makes a claim.
"""

import re

SENTENCES = {
    # The answer.
    "headline, alone": r"<L first> has a <VALUE>\.",
    "headline, second diverged": r"<L first> <R came>: <VALUE>; all <S lost> of <L second> diverged\.",
    "headline, level": r"<LIST front> are level in front: (?:<L again> has a )?<VALUE>\.",
    "headline, lead": r"<L first> <R came>: <VALUE>, <X gap>(?: percentage points?)? <R side>"
                      r"(?: on the <S on> that completed with both)? than the runner-up <L second>\.",
    "headline, second diverged with some": r"<L first> came first among optimizers without a diverged seed: <VALUE>; "
                                           r"<L second> reached <X theirs>, but diverged with other seeds\.",
    "headline, behind": r"<L first> came first: <VALUE>; on the <S on> that completed with both <L second> is ahead by "
                        r"<X gap>(?: percentage points?)?\.",
    "headline, other seeds": r"<L first> came first: <VALUE>; <L second> reached <X theirs> with other seeds, and no seed "
                             r"completed with both\.",
    "headline, nobody reached it": r"No optimizer reached <TARGET> with any seed\.",
    "headline, reached alone": r"<L first> reached <WHEN>\.",
    "headline, reached level": r"<L first> and <L second> are level in front: <L again> reached <WHEN>\.",
    "headline, reached": r"<L first> <R came>: it reached <WHEN>; the runner-up <L second> (?:after (?:<X theirs>|as many with <N "
                         r"as_many> of <S as_many_of>)|reached it with <N their_reached> of <S their_runs>)\.",
    "headline, all diverged": r"All <N runs> runs diverged\.",
    "headline, smaller": r"A smaller learning rate is the first thing to try\.",
    "headline, functions": r"<N labels> optimizers on (?:<N functions> functions: each function is a task of its own"
                           r"|the function <R function>)\.",
    # Confidence in it.
    "certainty, too few": r"Confidence: <R what> says nothing about chance, so <L first>'s place may be luck\.",
    "certainty, level": r"Confidence: <L first> and <L second> are level on (?:(?P<both>both seeds)|all <S seeds>), so there is no "
                        r"difference to test\.",
    "certainty, underpowered": r"Confidence: underpowered\. (?:Only <N differing> of <S compared> differs?, and the smallest "
                               r"p-value that (?:<N again>|one) differing seeds? can reach is|The smallest p-value that "
                               r"<S seeds> can reach is) <P smallest>(?: \(<P corrected> after Holm's correction for "
                               r"<N tests> comparisons\))?, so this lead cannot be significant<RECORD>\. At least <S needed>"
                               r"(?: that differ)? are needed\.",
    "certainty, better": r"Confidence: the lead over <L second> is significant, <TESTED>\.",
    "certainty, worse": r"Confidence: means and seeds disagree: seed by seed <L second> is significantly better than <L first>, "
                        r"<TESTED>\.",
    "certainty, not shown": r"Confidence: the lead over <L second> may be chance, <TESTED>\.",
    "certainty, small": r"It is smaller than what matters \(\[report\] min_effect = <X least>\)\.",
    "certainty, none of the others": r"<L first> is not shown to be better than any other optimizer either\.",
    "certainty, all others": r"The same holds against every other optimizer\.",
    "certainty, some others": r"<L first> is shown to be better than <LIST beaten>(?P<too> too)?\.",
    # Cost and qualifications.
    "cost": r"Cost: <T own> of device time for the (?:one configuration|<N configs> configurations) \(<N runs> runs?\) of "
            r"<L first>(?:, of <T all> in all)?(?:; a run of the chosen one trains for <T one>)?"
            r"(?:\. Median time to <TARGET>: <X epochs> epochs? \(<N reached> of <N of> runs reached it\)"
            r"|\. It reached <TARGET2> in <N few> of <N few_of> runs only"
            r"|\. Its run did not reach <TARGET3>|\. None of its <N none_of> runs reached <TARGET4>)?\.",
    "choice": r"The configuration of <L first> is <R config>(?:, chosen from <N tried> by <R by>"
              r"(?:; the test samples had no part in choosing it)?)?\.",
    "choice, ties": r"<N tied> of them are equally good by that; of these the chosen one <R why>\.",
    "edges": r"The best <R what> at the edge of those tried, and better ones may lie beyond: <R edges>\.",
    "gaps": r"More than a decade lies between the best value and the next that was tried: <R gaps>\.",
    "diverged": r"Diverged at their best configuration: <R diverged>\. Means leave those seeds out; all else \(medians, tests, "
                r"seeds won, probabilities\) counts them as the worst\.",
    "uneven": r"Optimizers have finished different numbers of seeds \(<N fewest> to <N most>\), so their (?P<average>means|medians) rest on "
              r"different runs: the differences seed by seed are the fairer comparison\.",
    "unpaired": r"<L first> and <L second> are not compared seed by seed: <R why> \(seed <N seed>\)\.",
    "stops": r"Training stops at the target, so a run is judged by how soon it got there, and a run that never did is worse "
             r"than any other\. The target is checked at the end of an epoch, so equal numbers are common\.",
    "stops, same numbers": r"The same numbers chose the configurations, which flatters the best of many\.",
    "fallback": r"<R wanted> (?:was not measured|does not exist without a validation split), so configurations are chosen by "
                r"<R goal>\.",
    # Each optimizer at its best.
    "best, chosen": r"Each optimizer’s configuration is the one with the <R most> mean <R goal> after the last epoch over "
                    r"seeds; one with a diverged seed ranks below those without\. <R ties>\. It is judged by <R judge>\.",
    "best, each run": r"Each run counts at its epoch with the best <R goal>\. Each optimizer’s configuration is the one with the "
                      r"<R most> mean of that over seeds; one with a diverged seed ranks below those without\. <R ties>\. It "
                      r"is judged by <R judge> after the same epoch\.",
    "best, fewest": r"Each optimizer’s configuration is the one with the fewest <R goal> in the median over seeds, then the one "
                    r"with which more seeds reached it; a run that diverged or never reached the target counts as infinite\. "
                    r"<R ties>\. The same numbers judge\. Values measured at the end of training are shown beside them, without a "
                    r"verdict\.",
    "best, methods": r"(?:(?P<deviation>±) is the standard deviation between seeds<R unit>; )?(?P<methods>[Ii]ntervals (?:are 95% "
                     r"intervals of the mean by|need three seeds(?: that reached the target)?)[^;.]*)(?:; the median counts a seed that <R worst> as the "
                     r"worst result)?(?:; (?P<middle>IQM) is the mean of the middle half of the seeds<R rest>)?\.",
    "best, coverage": r"Bootstrap intervals are too short for few seeds: in simulations with normal values, 95% BCa intervals "
                      r"contained the true mean in 90% of cases at 10 seeds and in 92% at 20\. Conclusions rest on the tests, not "
                      r"on the intervals\.",
    # Pairwise comparisons.
    # Intervals with the choice.
    "after choice, what": r"The interval with the choice allows for the chance in the choice: each of <N resamples> resamples of "
                          r"the seeds, the same for all configurations of an optimizer, chooses again\.",
    "after choice, centre": r"Its centre is the mean minus the optimism \(how much better a resample's choice looks there than on "
                            r"all seeds\), and its width follows from how much that varies; it may be narrower than the usual "
                            r"interval\.",
    "after choice, none": r"An optimizer has none if it was tried with one configuration, if rungs cut its configurations or its "
                          r"grid grew, or if a seed of the chosen one diverged or has no result\.",
    "after choice, simulated": r"In simulations with normal values and 5 or 25 configurations it contained the true mean of the "
                               r"chosen one in 95 to 98% of cases at 5 seeds and in 94 to 96% at 10; with equally good "
                               r"configurations the usual interval did so in as few as 86% and 73%\.",
    "pairs, lead": r"Each optimizer at its chosen configuration, by <R judge>\. The lead is the mean over seeds of the "
                   r"first's value minus the second's(?:, negated so that positive is better)?, on the seeds that (?:completed|"
                   r"reached it) with both; (?P<unlike>whether )?runs of one seed (?:share initial weights and "
                   r"batches|(?P<start>start from the same point))(?:, and their digests were compared| was read from their "
                   r"digests, pair by pair)\.",
    "pairs, level": r"Seeds are level where <R when>\.",
    "pairs, improvement": r"The probability of improvement is that of one run of the first being better than one of the "
                          r"second\.",
    "pairs, methods": r"Intervals are 95% intervals of the mean lead by <R methods>\.",
    "pairs, tests": r"p-values are two-sided: <R tests>\. (?:A single comparison needs no correction|Holm's correction for "
                    r"<N corrected> comparisons keeps the chance of any false alarm at 5%: it multiplies the smallest p by the number "
                    r"of comparisons, the next one by one less and so on, and lets none fall below the one before)\.",
    "pairs, ranks": r"Where a run <R what>, ranks decide over all seeds: such a run is worse than any other, and two such are "
                    r"level, which a mean cannot express\. The lead is the mean over the remaining seeds and plays no part in the "
                    r"decision\.",
    "pairs, contradicted": r"Verdicts rest on the tests, which are corrected for their number and do not assume normal values, "
                           r"even in the (?:pair|<N otherwise> pairs) whose interval alone would suggest otherwise\.",
    "pairs, no seed differs": r"No seed differs in any pair(?P<seedwise> that is compared seed by seed)?\.",
    "pairs, power": r"The smallest p that (?:<S seeds>|<N differing> differing seeds|one differing seed) can reach is "
                    r"<P smallest>(?: \(<P corrected> after the correction\))?(?:, so (?:these seeds|such pairs) cannot show a "
                    r"difference, however large\. At least <S needed>(?: that differ)? are needed)?\.",
    "pairs, power of samples": r"The smallest p that two samples of <S seeds> can reach is <P smallest>(?: \(<P corrected> after "
                               r"the correction\))?(?:, so (?:these seeds|such pairs) cannot show a difference, however large\. "
                               r"At least <S needed> are needed)?\.",
    "pairs, excluded": r"Up to <S excluded> of a pair lack a result and are left out of its comparison\.",
    "pairs, samples": r"Where two configurations do not share weights and batches, their seeds are two samples: the lead is a "
                      r"difference of means and the test permutes all runs\.",
    # Time to target.
    "race, value": r"Training until <TARGET> was first measured, at the end of an epoch; evaluation time is not counted\. A run "
                   r"that never reached the target counts as infinite(?:, so a median over <S runs> needs <N needed> that "
                   r"did)?(?P<samples>\. Where batches differ in size, samples can be compared, steps cannot)?\.",
    "race, flattered": r"The fastest of an optimizer's configurations was chosen by the very number shown, which flatters it, the "
                       r"more so the more were tried\.",
    "race, no value": r"The sweep file names no value to reach, so there is no time to target: add value = \.\.\. to \[target\] "
                      r"\(metric <R path>\)\.",
    # Below the figures.
    "figure, spread": r"(?P<what>Each optimizer at its best configuration|Distance to the <R optimum> against optimizer steps, "
                      r"each optimizer at the learning rate that (?:ended lowest|left the box in the fewest steps)|<R metric> against learning rate|<R judge>, each optimizer at its best "
                      r"configuration, the best on top): <SPREAD>\.",
    "figure, left out": r"<N out> of these <N planned> runs (?P<how>[^.]*?) in no (?P<average>mean|median)\.",
    "figure, ended early": r"(?:The run|All <N all> runs|<N ended> of these <N planned> runs) ended early, (?P<why>[^.:]*): a "
                           r"(?P<strong>strong )?line ends where its (?P<which>first seed|longest run) did\.",
    "figure, dots": r"Dots are single seeds, moved up where they would cover each other(?:; crosses are seeds that <R crosses> "
                    r"and (?P<counted>are in no mean|count as infinite))?\.",
    "figure, chosen by": r"Configurations were chosen by <R goal>, which has no part in this figure\.",
    "figure, chosen by the same": r"Configurations were chosen by this very (?P<what>metric|number), which flatters the best of "
                                  r"them\.",
    "figure, differences": r"Mean lead of the row over the column in <R unit>, each optimizer at its chosen configuration, best "
                           r"on top\.",
    "figure, sign": r"Positive and orange: the row is better\.",
    "figure, correction": r"Below the lead: p of the test that decides the pair(?:, after Holm's correction for <N pairs> "
                          r"comparisons)?\.",
    "figure, power": r"So few differing seeds cannot show a difference: no p can be smaller than <P smallest>; at least <S needed> "
                     r"are needed\.",
    "figure, nothing tested": r"Nothing could be tested\.",
    "figure, significant": r"Differences with p of at most 0\.05 count as shown(?P<bold>; bold rows are better than every "
                           r"other)?\.",
    "figure, small": r"(?P<which>The one shown is|All [\d,]+ shown are|[\d,]+ of the [\d,]+ shown (?:is|are)) smaller than what "
                     r"matters \(\[report\] min_effect = <X least>\)\.",
    "figure, no lead": r"Hatched pairs have no mean lead, since no seed (?P<did>completed|reached the target) with both\.",
    "figure, target": r"Fraction of runs that have reached (?P<target_name>[a-zF0-9_ -]+?) of (?:at (?P<target_side>least|most) )?"
                      r"<X target_value> over time, each optimizer at its chosen configuration\.",
    "figure, lines": r"(?P<joins>Lines join|Markers are) the (?P<average>(?:means over the seeds that finished|medians over the "
                     r"seeds|results of single seeds)(?:, a run that never reached the target counting as infinite)?)"
                     r"(?P<dots>, dots are single seeds(?: that reached the target)?)?(?P<ring>, a ring marks each optimizer's best)?\.",
    "figure, loose": r"The points of <LIST loose> differ in more than the learning rate and are not joined\.",
    "figure, crosses": r"A cross marks configurations with diverged runs, labelled diverged/planned where there is room; those "
                       r"runs <R are>\.",
    "figure, several values": r"Where a learning rate was tried with several other values, the best is shown\.",
    "figure, schedule": r"Learning rate of each optimizer at its best configuration, step by step\. It is the same for every "
                        r"seed\.",
    "figure, every run": r"<R goal> of every run of the sweep; a row is a configuration, a column a seed(?P<bold>, bold the "
                         r"best configuration of each optimizer)?\.",
    "figure, lighter": r"Lighter is better \(<R side>\)\.",
    "figure, crossed out": r"Runs that <R crossed> are crossed out(?P<hatched>, those without a result are hatched)?\.",
    "figure, hatched": r"Those without a result are hatched\.",
    "figure, tuning": r"<R judge> of the best of k configurations drawn at random from those tried: the best is chosen by "
                      r"<R goal>, as in this report\.",
    "figure, medians": r"Lines are medians over all possible draws, bands their quartiles, both exact(?P<begins>; a line begins "
                       r"where the median draw has a configuration that (?:does not diverge|more than half of its seeds reach "
                       r"the target with))?(?P<cut>[;,] (?:and )?a band is cut at the frame where a quartile has none)?\.",
    "figure, no line": r"<LIST labels> ha(?:s|ve) no line: fewer than two configurations have a result\.",
    "figure, half lost": r"A configuration of which half of the seeds or more diverged counts as diverged\.",
    "figure, lane of zeros": r"Zeros, which have no logarithm, <LANE>\.",
    "figure, lane of all": r"Values of 100%, whose error rate has no logarithm, <LANE>\.",
    "figure, lane of the infinite": r"Runs that (?P<what>diverged|never reached the target) <LANE>\.",
    "figure, lane beyond": r"Outliers that would squeeze all other values together <LANE>\.",
    "figure, cut": r"A dashed edge or an arrow at the frame means that a band or bar continues beyond it\.",
    "figure, noise": r"Mean (?P<of>training loss|value) over <PIECES>, at each optimizer's best configuration"
                     r"(?P<pale>: pale for the first finished seed, strong for the mean over seeds)?\.",
    "figure, pieces": r"(?P<one>The lines cover one epoch, so the|The) (?P<of>training loss|mean value) "
                      r"(?P<is>is the mean|is that) over <PIECES>\.",
    "figure, epoch mean": r"The training loss of epoch e is the mean over the batches fed during it\.",
    "figure, value of an epoch": r"The mean value of epoch e is that over the steps taken during it\.",
    "figure, value at epoch 0": r"The value at epoch 0 is that at the start\.",
    "figure, epoch 0": r"Held-out loss at epoch 0 is that of the untrained weights\.",
    "figure, error rate": r"The vertical axis is spaced by the logarithm of the error rate: 80% to 90% is as far as 90% to 95%, "
                          r"because both halve the errors\.",
    "figure, never": r"A run that never reaches the target keeps its line below 100%\.",
    "figure, one map": r"f\(x, y\) = [-+*/^().\w ]+: one map per optimizer with the path of <RUN>\.",
    "figure, marks": r"A path starts at the ring; dots are single steps, a square on the border is where it leaves the map for "
                     r"good, a cross is <R optimum>\.",
    "figure, each at": r"Each optimizer is shown at the learning rate that (?:ended lowest|left the box in the fewest steps)\.",
    "figure, short steps": r"Learning rates with a step longer than a tenth of the box’s width are left out\.",
    "figure, thrown": r"Without such a learning rate, and so without a map: <R thrown>\.",
    "figure, near": r"Distances below 1e-7 are drawn at it: positions are 32-bit floats\.",
    "figure, animation": r"All optimizers on <R function> at once, each at its best configuration: a ball is <RUN>, from the ring to "
                    r"where it ends, or to the border(?:, with its number in the list)?\.",
    # Functions side by side.
    "function": r"(?P<function>[a-z-]+): (?P<detail>.+)\.$",
    "functions, cells": r"Each cell is the function’s value after the last step \(the mean over several seeds\) at the learning "
                        r"rate at which the optimizer ended lowest on that function\. Bold is the lowest of a column, with those "
                        r"that are level with it: closer than 32-bit floats can tell, a millionth of the value or, near "
                        r"zero, a sixteen-millionth of the value at the start\.",
    "functions, no test": r"No test compares the optimizers here: (?:<R several> A sweep over one function with several seeds is "
                          r"tested|(?P<one>a saddle’s values have no lowest, and a difference of a few steps may be chance))\.",
    "functions, target": r"The target’s value of <X value> is not used: <R why>\.",
    "functions, saddle": r"A saddle has no lowest value: a run ends when it leaves the box, and the number of steps counts\. Being "
                         r"thrown out by one absurd step is no merit, so only runs without a step longer than a tenth of the "
                         r"box’s width are chosen; an optimizer without such a run is “thrown”\.",
    # The ledger.
    "ledger, paired": r"Runs of one seed(?: with the same <R same>)? started from (?:the same initial weights and saw the same "
                      r"batches in the same order|(?P<point>the same point)), whatever their <R what>; the digests in the records agree\.",
    "ledger, cost": r"Device time covers training and evaluation of all configurations and seeds, including those not chosen: "
                    r"the cost of finding the result\.",
    "ledger, ended early": r"<N early> of <N of> runs ended before their last epoch \((?:(?P<whole>all (?:by early stopping|at "
                           r"the target))|<N patience> by early stopping and <N target> at the target)\): their values of the last epoch are those of the "
                           r"epoch they ended in, and a curve ends where its first seed ended\.",
    "ledger, unequal": r"Optimizers were tried with different numbers of configurations \(<N fewest> to <N most>\): the best "
                       r"of many has had more chances than the best of few\.",
    "ledger, equal": r"Every optimizer was tried with equally many configurations \(<N each>\), so none had more chances than "
                     r"another\.",
    "ledger, tolerance": r"A learning rate counts as good as the best if its <R goal> is within <X within> of the best value "
                         r"and no seed diverged; between the rates tried the value is interpolated linearly in the logarithm of "
                         r"the rate\.",
    "warned": r"Warned of before training \((?P<lint>[a-z-]+)(?:, <N configurations> configurations?)?\): <R says>\.$",
    "missing": r"<N missing> planned runs have not been trained yet\.",
}

# Words that make an unknown sentence suspect, in addition to digits and labels.
CLAIMS = (r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|both|won|first|second|best|better|worse|level|significant|"
          r"chance|underpowered|diverged?|edge|lowest|highest|fastest|equally|never|none|no run)\b")

PARTS = {
    "VALUE": r"(?:mean )?(?P<metric>[a-zF0-9_ -]+) of <X mean> (?:over|with) <S n>(?: \(95% interval <X low>–<X high>\)"
             r"| \((?P<equal>all seeds equal)\))?",
    "WHEN": r"(?:<TARGET> after <X median> (?:steps|training samples) in the median \(<N reached> of <S runs> reached it\)"
            r"|<TARGET2> with <N few> of <S few_of>, fewer than half)",
    "RECORD": r"(?:; <L record_first> beat <L record_second> on <N won> of <S record>(?:, level on <N level>)?)?",
    "TESTED": r"p = <P p>(?: after Holm's correction for <N tests> comparisons)? \(<R test>(?:, <S compared>|<RECORD>)\)",
    "LANE": r"(?:are drawn in a lane at the end of the axis|have the colour at the end of the key)",
    "PIECES": r"(?P<pieces>each twentieth of an epoch|each step|every [\d,]+ steps|[\d,]+ to [\d,]+ steps at a time, by the size "
              r"of the batches)",
    "RUN": r"its run(?: of seed <N seed>, the same seed for all so that they start alike)?",
    "SPREAD": r"(?:(?P<average>mean|median) of (?:<N fewest> to )?<N most> seeds|(?P<only>one seed|no run has finished))<R spread>",
}


def compiled(labels: list[str]) -> dict[str, re.Pattern]:
    """The patterns for a sweep with these labels."""
    label = "|".join(re.escape(name) for name in sorted(labels, key=len, reverse=True))
    tokens = {
        "L": rf"(?:{label})", "LIST": rf"(?:{label})(?:, (?:{label}))*(?: and (?:{label}))?", "N": r"[\d,]*\d",
        "X": r"[+−]?[\d.,]*\d(?:e-?\d+)?%?|infinite|never", "P": r"below 0\.0001|[\d.]*\d(?:e-\d+)?",
        "S": r"(?:[Oo]ne seed|[\d,]+ seeds)", "R": r".*?",
        "T": r"(?:under )?[\d.,]+ (?:ms|µs|s|min \d\d s|h \d\d min)",
    }

    def whole(pattern: str) -> re.Pattern:
        # A part may contain an earlier one.
        for name, part in reversed(PARTS.items()):
            pattern = pattern.replace(f"<{name}>", part)
        pattern = re.sub(r"<TARGET(\d*)>", lambda m: rf"(?:a )?(?P<target_name{m[1]}>[a-zF0-9_ -]+?)(?: of at (?P<target_side{m[1]}>"
                                                     rf"least|most) <X target_value{m[1]}>)", pattern)
        pattern = re.sub(r"<(L|LIST|N|X|P|S|R|T) (\w+)>", lambda m: rf"(?P<{m[2]}>{tokens[m[1]]})", pattern)
        return re.compile(pattern + r"(?=\s|$)")

    return {kind: whole(pattern) for kind, pattern in SENTENCES.items()}
