//! Times as texts.

use super::text::Text;
use crate::{Ctx, Val};

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// A time as a calendar and a clock show it.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// By seconds since 1970-01-01. The calendar is that of Howard Hinnant's `civil_from_days`.
fn civil(seconds: i64) -> Civil {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    Civil {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * from_march + 2) / 5 + 1,
        hour: seconds.div_euclid(3600).rem_euclid(24),
        minute: seconds.div_euclid(60).rem_euclid(60),
        second: seconds.rem_euclid(60),
    }
}

/// When the event happened, by the clocks of the host's time zone: `2026-11-24 08:00:00.000000000`, of which the day
/// and the fraction may be left out.
pub fn local<'a>(ctx: &Ctx<'a>, with_day: bool, with_fraction: bool) -> Val<'a> {
    let seconds = (ctx.event.time / SECOND) as i64;
    let time = civil(seconds + i64::from(ctx.host.zone.offset(seconds)));
    let mut text = Text::new(ctx);
    if with_day {
        text.format(format_args!("{:04}-{:02}-{:02} ", time.year, time.month, time.day));
    }
    text.format(format_args!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second));
    if with_fraction {
        text.format(format_args!(".{:09}", ctx.event.time % SECOND));
    }
    text.val()
}

/// Appends a moment by the clocks of the host's time zone: `2026-11-24 08:00:00.000000000 +0000`.
pub fn push_moment(out: &mut Text, ctx: &Ctx, moment: u64) {
    let seconds = (moment / SECOND) as i64;
    let offset = i64::from(ctx.host.zone.offset(seconds));
    let Civil { year, month, day, hour, minute, second } = civil(seconds + offset);
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    out.format(format_args!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:09} {sign}{:02}{:02}",
        moment % SECOND,
        minutes / 60,
        minutes % 60
    ));
}

/// When the event happened, in UTC: `2026-11-24T08:00:00.000000000+0000`.
pub fn iso_8601<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let Civil { year, month, day, hour, minute, second } = civil((ctx.event.time / SECOND) as i64);
    let fraction = ctx.event.time % SECOND;
    ctx.text(format_args!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}+0000"
    ))
}

#[cfg(test)]
mod tests {
    use crate::sample::Sample;
    use crate::{Kind, Zone};

    #[test]
    fn times_are_written_in_utc() {
        for (time, expected) in [
            (0, "1970-01-01T00:00:00.000000000+0000"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001+0000"),
            (1_762_000_000_123_456_789, "2025-11-01T12:26:40.123456789+0000"),
            (u64::MAX, "2554-07-21T23:34:33.709551615+0000"),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            sample.event.time = time;
            assert_eq!(sample.text("evt.time.iso8601"), expected);
        }
    }

    #[test]
    fn times_of_day_are_those_of_the_zone() {
        let berlin = Zone::new(3600, vec![(1_743_296_400, 7200), (1_761_440_400, 3600)]);
        for (zone, time, expected) in [
            (Zone::default(), 0, "1970-01-01 00:00:00.000000000"),
            (Zone::new(-3600, vec![]), 1, "1969-12-31 23:00:00.000000001"),
            (berlin.clone(), 1_743_296_399_000_000_000, "2025-03-30 01:59:59.000000000"),
            (berlin.clone(), 1_743_296_400_000_000_000, "2025-03-30 03:00:00.000000000"),
            (berlin, 1_762_000_000_123_456_789, "2025-11-01 13:26:40.123456789"),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            (sample.host.zone, sample.event.time) = (zone, time);
            let (day, clock) = expected.split_once(' ').unwrap();
            let (whole, _) = clock.split_once('.').unwrap();
            assert_eq!(sample.text("evt.datetime"), expected);
            assert_eq!(sample.text("evt.datetime.s"), format!("{day} {whole}"));
            assert_eq!(sample.text("evt.time"), clock);
            assert_eq!(sample.text("evt.time.s"), whole);
            assert_eq!(sample.text("evt.outputtime"), clock);
        }
    }
}
