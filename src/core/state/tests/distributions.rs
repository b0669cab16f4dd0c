//! Histograms, exponential histograms and summaries: what is accepted, what is refused, how deltas add up.

use super::script::check;
use expect_test::expect;

/// Scenario: a cumulative histogram grows, restarts, and changes its bounds.
/// Guarantees: the last layout stands alone (TY-17), a trailing +Inf bound makes no second bucket (TY-12).
#[test]
fn cumulative_histograms_show_the_last_point() {
    check(
        "push 1 a
         hist h{} le=1,5 c=1,2,3 sum=9.5 1..5
         hist none{} n=4 sum=2 1..5
         hist inf{} le=1,inf c=1,2,0 sum=3 1..5
         push 2 a
         hist h{} le=1,5 c=2,2,3 sum=10 1..6
         show
         push 3 a
         hist h{} le=2 c=1,0 7..8
         show
         stats",
        expect![[r#"
            svc/a h
              {} n=7 sum=Some(10.0) le=[1.0, 5.0] [2, 2, 3] 1..6
            svc/a inf
              {} n=3 sum=Some(3.0) le=[1.0] [1, 2] 1..5
            svc/a none
              {} n=4 sum=Some(2.0) le=[] [] 1..5
            svc/a h
              {} n=1 sum=None le=[2.0] [1, 0] 7..8
            svc/a inf
              {} n=3 sum=Some(3.0) le=[1.0] [1, 2] 1..5
            svc/a none
              {} n=4 sum=Some(2.0) le=[] [] 1..5
            stats series=3 streams=3 resources=1 components=1
        "#]],
    );
}

/// Scenario: delta histograms with equal bounds, a retry, other bounds, and a point without a sum.
/// Guarantees: added by bucket; another layout is a reset with a new start; a sum once unknown stays unknown.
#[test]
fn delta_histograms_add_up() {
    check(
        "push 1 a
         hist+ h{} le=1,5 c=1,2,3 sum=9.5 1..5
         hist+ s{} le=1 c=1,1 sum=0.1 1..5
         push 2 a
         hist+ h{} le=1,5 c=1,0,0 sum=0.5 5..6
         hist+ s{} le=1 c=1,1 5..6
         push 3 a
         hist+ h{} le=1,5 c=1,0,0 sum=0.5 5..6
         hist+ s{} le=1 c=1,1 sum=0.1 6..7
         show
         push 4 a
         hist+ h{} le=2 c=1,0 sum=1 6..7
         hist+ h{} le=2 c=1,1 sum=1 5..6
         show
         stats",
        expect![[r#"
            svc/a h
              {} n=7 sum=Some(10.0) le=[1.0, 5.0] [2, 2, 3] 1..6
            svc/a s
              {} n=6 sum=None le=[1.0] [3, 3] 1..7
            4: 1 late_delta
            svc/a h
              {} n=1 sum=Some(1.0) le=[2.0] [1, 0] 6..7
            svc/a s
              {} n=6 sum=None le=[1.0] [3, 3] 1..7
            stats series=2 streams=2 resources=1 components=1 retried=1
        "#]],
    );
}

/// Scenario: every way in which a histogram can be bad.
/// Guarantees: each refused with its reason, the good one kept (TY-09, TY-11, TY-12, TY-19).
#[test]
fn bad_histograms_are_refused() {
    check(
        "push 1 a
         hist h{k=1} le=1,5 c=1,2 1..5
         hist h{k=2} le=5,1 c=1,2,3 1..5
         hist h{k=3} le=1,1 c=1,2,3 1..5
         hist h{k=4} le=NaN c=1,2 1..5
         hist h{k=5} le=1 1..5
         hist h{k=6} le=1 c=1,2 n=4 1..5
         hist h{k=7} le=1 c=1,2 9..5
         hist h{k=8} le=1 c=1,2 1..0
         hist h{k=9} le=1 c=18446744073709551615,2 n=1 1..5
         hist? t{} le=1 c=1,2 1..5
         hist h{ok=1} le=-1 c=1,2 1..5
         show",
        expect![[r#"
            1: 1 no_time
            1: 1 start_after_time
            1: 5 bad_buckets
            1: 2 count_mismatch
            1: 1 no_temporality
            svc/a h
              {ok=1} n=3 sum=None le=[-1.0] [1, 2] 1..5
        "#]],
    );
}

/// Scenario: exponential histograms at scales from -5 to 20, with zero buckets, huge offsets and bad counts.
/// Guarantees: over 8 they come down (NH-02), what no format can show is refused (NH-05, NH-12, NH-14), in bounded
/// time and memory (NH-15).
#[test]
fn exponential_histograms_come_down_to_what_can_be_shown() {
    check(
        "push 1 a
         exp e{k=1} sum=9 s=8 p=3:10,0,0,20,5,2 1..5
         exp e{k=2} sum=9 s=10 p=0:1,2,3,4,5 m=-5:1,1,1,1,1 zero=7 z=0.5 1..5
         exp e{k=3} sum=9 s=20 p=-1000000000:1 1..5
         exp e{k=4} sum=9 s=-4 p=0:0,0,3,0 1..5
         exp e{k=5} sum=0 1..5
         exp e{k=6} sum=9 s=2147483647 p=5:1,1 m=-6:1,1 1..5
         exp e{bad=1} sum=9 s=-5 p=0:1 1..5
         exp e{bad=2} s=0 p=0:1 1..5
         exp e{bad=3} sum=9 s=0 p=0:1 n=2 1..5
         exp e{bad=4} sum=9 s=8 p=262144:1 1..5
         exp e{bad=5} sum=9 s=8 p=-1000000000:1 1..5
         exp e{bad=6} sum=9 s=0 p=2147483647:1,1 1..5
         exp? t{} sum=9 s=0 p=0:1 1..5
         exp e{k=7} sum=9 s=8 p=262143:1 1..5
         show",
        expect![[r#"
            1: 1 count_mismatch
            1: 1 no_temporality
            1: 1 bad_scale
            1: 1 no_sum
            1: 3 bucket_overflow
            svc/a e
              {k=1} n=37 sum=9.0 s=8 zero=0 +3:[10, 0, 0, 20, 5, 2] -0:[] 1..5
              {k=2} n=27 sum=9.0 s=8 zero=7<0.5 +0:[10, 5] --2:[1, 4] 1..5
              {k=3} n=1 sum=9.0 s=8 zero=0 +-244141:[1] -0:[] 1..5
              {k=4} n=3 sum=9.0 s=-4 zero=0 +2:[3] -0:[] 1..5
              {k=5} n=0 sum=0.0 s=0 zero=0 +0:[] -0:[] 1..5
              {k=6} n=4 sum=9.0 s=8 zero=0 +0:[2] --1:[2] 1..5
              {k=7} n=1 sum=9.0 s=8 zero=0 +262143:[1] -0:[] 1..5
        "#]],
    );
}

/// Scenario: exponential deltas at different scales and zero thresholds; far apart; a retry.
/// Guarantees: merged at the lower scale, counts whole, the zero bucket widened to where no bucket is cut.
#[test]
fn exponential_deltas_merge_at_the_lower_scale() {
    check(
        "push 1 a
         exp+ e{} sum=1 s=2 p=0:1,2,3,4 zero=1 1..5
         exp+ far{} sum=1 s=8 p=0:1 1..5
         exp+ zero{} sum=1 s=0 p=-2:1,1,1,1 m=-2:1 1..5
         push 2 a
         exp+ e{} sum=2 s=1 p=1:1,1 m=3:7 zero=1 5..6
         exp+ far{} sum=1 s=8 p=200000:1 5..6
         exp+ zero{} sum=1 s=0 z=0.6 zero=5 5..6
         push 3 a
         exp+ e{} sum=2 s=1 p=1:1,1 m=3:7 zero=1 5..6
         show",
        expect![[r#"
            svc/a e
              {} n=21 sum=3.0 s=1 zero=2 +0:[3, 8, 1] -3:[7] 1..6
            svc/a far
              {} n=2 sum=2.0 s=-3 zero=0 +0:[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] -0:[] 1..6
            svc/a zero
              {} n=10 sum=2.0 s=0 zero=8<1.0 +0:[1, 1] -0:[] 1..6
        "#]],
    );
}

/// Scenario: summaries with unsorted, repeated, bad and NaN quantiles; a late one.
/// Guarantees: ascending, each once (TY-15), bad ones refused, the newest stands.
#[test]
fn summaries_show_each_quantile_once() {
    check(
        "push 1 a
         summary s{} n=5 sum=9 q0.9=3 q0.5=1 q0.9=4 q1=NaN 1..5
         summary bad{k=1} n=5 sum=9 q1.1=3 1..5
         summary bad{k=2} n=5 sum=9 q0.5=-3 1..5
         summary bad{k=3} n=5 sum=9 qNaN=3 1..5
         push 2 a
         summary s{} n=4 sum=9 q0.5=1 1..4
         show
         stats",
        expect![[r#"
            1: 3 bad_quantile
            svc/a s
              {} n=5 sum=9.0 [(0.5, 1.0), (0.9, 4.0), (1.0, NaN)] 1..5
            stats series=1 streams=1 resources=1 components=1 superseded=1
        "#]],
    );
}

/// Scenario: exemplars over several pushes, more than are kept, one twice.
/// Guarantees: the newest are kept, each once; a reset forgets them.
#[test]
fn histograms_keep_their_newest_exemplars() {
    let many: String = (1..=20).map(|i| format!(" #{i}@{i}")).collect();
    let script = format!(
        "push 1 a
         hist h{{}} le=1 c=1,1 1..50{many}
         push 2 a
         hist h{{}} le=1 c=1,2 1..51 #20@20 #30@30
         show
         push 3 a
         hist h{{}} le=1 c=1,0 60..61
         show"
    );
    check(
        &script,
        expect![[r#"
            svc/a h
              {} n=3 sum=None le=[1.0] [1, 2] 1..51 #30.0@30 #20.0@20 #19.0@19 #18.0@18 #17.0@17 #16.0@16 #15.0@15 #14.0@14 #13.0@13 #12.0@12 #11.0@11 #10.0@10 #9.0@9 #8.0@8 #7.0@7 #6.0@6
            svc/a h
              {} n=1 sum=None le=[1.0] [1, 0] 60..61
        "#]],
    );
}
