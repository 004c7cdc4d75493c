//! The two bodies of a mail. The HTML is what mail programs agree on: tables, styles in the elements, no
//! image, no script, nothing from elsewhere.

use std::fmt::{self, Write};

use lanner_alert::{Alert, Kind, Notification, Priority, printable, truncate};

use crate::template::Html;
use crate::{Common, render};

/// The most bytes of an alert's output in a mail.
const OUTPUT_BYTES_MAX: usize = 4096;
/// The most alerts of a digest that are shown.
const ALERTS_MAX: usize = 50;

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px";

/// The body for those who read mail as text.
pub fn text(notification: &Notification, common: &Common) -> String {
    if let Some(own) = common.templates.render("template", notification, common) {
        return own + "\n";
    }
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = match render::single(notification) {
        Some(alert) => text_alert(&mut out, alert, common),
        None => text_digest(&mut out, notification, common),
    };
    let _ = write!(out, "\n-- \nLanner on {}, {}\n", printable(&common.hostname), notification.id);
    out
}

fn text_alert(out: &mut String, alert: &Alert, common: &Common) -> fmt::Result {
    writeln!(out, "{}: {}\n\n{}\n", alert.priority, printable(&alert.rule), output(alert))?;
    for (label, value) in rows(alert, common) {
        writeln!(out, "{:<14}{value}", format!("{label}:"))?;
    }
    for (at, line) in render::causes(alert, &common.zone, OUTPUT_BYTES_MAX).iter().enumerate() {
        writeln!(out, "{}{line}", if at == 0 { "\n" } else { "  " })?;
    }
    Ok(())
}

fn text_digest(out: &mut String, notification: &Notification, common: &Common) -> fmt::Result {
    writeln!(out, "{}.\n", render::sentence(notification, &common.zone))?;
    let ranked = render::ranked(&notification.tally);
    for (rule, count) in ranked.iter().take(render::RULES_LISTED_MAX) {
        let new = render::new(count.new);
        writeln!(out, "{:>7}  {:<14}{}{new}", count.count, count.priority, printable(rule))?;
    }
    if let Some(more) = more(ranked.len(), render::RULES_LISTED_MAX, "rules") {
        writeln!(out, "         {more}")?;
    }
    let top = render::top(&notification.tally);
    out.push_str(if top.is_empty() { "" } else { "\n" });
    for (_, word, values) in top {
        writeln!(out, "{:<14}{}", format!("By {word}:"), values.join(", "))?;
    }
    for alert in notification.alerts.iter().take(ALERTS_MAX) {
        let time = render::moment(alert.time, &common.zone);
        let rule = printable(&alert.rule);
        writeln!(out, "\n{time}  {}: {rule}{}\n  {}", alert.priority, times(alert), output(alert))?;
    }
    match unshown(notification) {
        Some(unshown) => writeln!(out, "\n{unshown}"),
        None => Ok(()),
    }
}

/// The body for those who read mail as HTML.
pub fn html(notification: &Notification, common: &Common) -> String {
    if let Some(own) = common.templates.render("html", notification, common) {
        return own;
    }
    if let Some(own) = common.templates.render("template", notification, common) {
        return format!("<!DOCTYPE html>\n<pre style=\"white-space:pre-wrap;{MONO}\">{}</pre>\n", Html(&own));
    }
    let (ink, band) = colours(notification.priority);
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = html_page(&mut out, notification, common, ink, band);
    out
}

fn html_page(
    out: &mut String,
    notification: &Notification,
    common: &Common,
    ink: &str,
    band: &str,
) -> fmt::Result {
    let (kicker, heading) = match (notification.kind, render::single(notification)) {
        (_, Some(alert)) => (alert.priority.to_string(), printable(&alert.rule).into_owned()),
        (Kind::Digest, _) => ("Digest".to_owned(), render::title(notification)),
        (Kind::Group, _) => (notification.priority.to_string(), render::title(notification)),
        _ => ("Rate limit".to_owned(), render::title(notification)),
    };
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:0;background:#f3f4f6;{FONT};color:#1f2937\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\">\
         <tr><td align=\"center\" style=\"padding:16px 8px\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"max-width:640px;background:#ffffff;border:1px solid #e5e7eb;border-radius:8px;\
         border-collapse:separate;overflow:hidden;text-align:left\">\n\
         <tr><td style=\"padding:16px 20px;background:{band};color:{ink}\">\
         <div style=\"font-size:13px;font-weight:600;letter-spacing:.04em;text-transform:uppercase\">{kicker}</div>\
         <div style=\"font-size:20px;font-weight:600;line-height:1.3;padding-top:2px\">{heading}</div></td></tr>\n",
        title = Html(&render::title(notification)),
        kicker = Html(&kicker),
        heading = Html(&heading),
    )?;
    match render::single(notification) {
        Some(alert) => html_alert(out, alert, common)?,
        None => html_digest(out, notification, common)?,
    }
    write!(
        out,
        "<tr><td style=\"padding:12px 20px;border-top:1px solid #e5e7eb;font-size:12px;color:#6b7280;\
         word-break:break-word\">Lanner on {} · {}</td></tr>\n</table>\n</td></tr></table>\n</body></html>\n",
        Html(&printable(&common.hostname)),
        notification.id,
    )
}

fn html_alert(out: &mut String, alert: &Alert, common: &Common) -> fmt::Result {
    html_output(out, &output(alert))?;
    out.push_str(
        "<tr><td style=\"padding:4px 20px 16px\"><table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"border-collapse:collapse\">\n",
    );
    for (label, value) in rows(alert, common) {
        writeln!(
            out,
            "<tr><td style=\"padding:7px 12px 7px 0;border-top:1px solid #f3f4f6;font-size:13px;color:#6b7280;\
             white-space:nowrap;vertical-align:top\">{label}</td>\
             <td width=\"100%\" style=\"padding:7px 0;border-top:1px solid #f3f4f6;{MONO};\
             word-break:break-word;overflow-wrap:anywhere\">{}</td></tr>",
            Html(&value)
        )?;
    }
    out.push_str("</table></td></tr>\n");
    html_causes(out, alert, common)
}

fn html_causes(out: &mut String, alert: &Alert, common: &Common) -> fmt::Result {
    let lines = render::causes(alert, &common.zone, OUTPUT_BYTES_MAX);
    let Some((first, rest)) = lines.split_first() else { return Ok(()) };
    write!(
        out,
        "<tr><td style=\"padding:12px 20px;border-top:1px solid #e5e7eb;font-size:14px;color:#6b7280\">{}",
        Html(first)
    )?;
    for line in rest {
        write!(
            out,
            "<div style=\"{MONO};padding-top:4px;color:#1f2937;word-break:break-word;\
             overflow-wrap:anywhere\">{}</div>",
            Html(line)
        )?;
    }
    out.push_str("</td></tr>\n");
    Ok(())
}

fn html_digest(out: &mut String, notification: &Notification, common: &Common) -> fmt::Result {
    let sentence = render::sentence(notification, &common.zone);
    writeln!(out, "<tr><td style=\"padding:16px 20px 8px;font-size:15px\">{}.</td></tr>", Html(&sentence))?;
    out.push_str(
        "<tr><td style=\"padding:4px 20px 16px\"><table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"border-collapse:collapse;font-size:14px\">\n",
    );
    let ranked = render::ranked(&notification.tally);
    for (rule, count) in ranked.iter().take(render::RULES_LISTED_MAX) {
        writeln!(
            out,
            "<tr><td align=\"right\" style=\"padding:7px 12px 7px 0;border-top:1px solid #f3f4f6;\
             font-weight:600;vertical-align:top\">{}</td>\
             <td style=\"padding:7px 12px 7px 0;border-top:1px solid #f3f4f6;vertical-align:top\">{}</td>\
             <td width=\"100%\" style=\"padding:7px 0;border-top:1px solid #f3f4f6;word-break:break-word\">{}{}</td></tr>",
            count.count,
            badge(count.priority),
            Html(&printable(rule)),
            if count.new { " <span style=\"color:#b91c1c;font-weight:600\">new</span>" } else { "" },
        )?;
    }
    if let Some(more) = more(ranked.len(), render::RULES_LISTED_MAX, "rules") {
        writeln!(out, "<tr><td colspan=\"3\" style=\"padding:7px 0;color:#6b7280\">{more}</td></tr>")?;
    }
    for (_, word, values) in render::top(&notification.tally) {
        writeln!(
            out,
            "<tr><td colspan=\"2\" style=\"padding:7px 12px 7px 0;border-top:1px solid #f3f4f6;color:#6b7280;\
             white-space:nowrap;vertical-align:top\">By {word}</td>\
             <td style=\"padding:7px 0;border-top:1px solid #f3f4f6;word-break:break-word\">{}</td></tr>",
            Html(&values.join(", "))
        )?;
    }
    out.push_str("</table></td></tr>\n");
    for alert in notification.alerts.iter().take(ALERTS_MAX) {
        writeln!(
            out,
            "<tr><td style=\"padding:12px 20px 0;border-top:1px solid #e5e7eb;font-size:14px\">{} \
             <strong>{}</strong>{} <span style=\"color:#6b7280\">{}</span></td></tr>",
            badge(alert.priority),
            Html(&printable(&alert.rule)),
            times(alert),
            Html(&render::moment(alert.time, &common.zone)),
        )?;
        html_output(out, &output(alert))?;
    }
    match unshown(notification) {
        Some(unshown) => writeln!(
            out,
            "<tr><td style=\"padding:12px 20px;border-top:1px solid #e5e7eb;font-size:14px;color:#6b7280\">\
             {unshown}</td></tr>"
        ),
        None => Ok(()),
    }
}

fn html_output(out: &mut String, output: &str) -> fmt::Result {
    writeln!(
        out,
        "<tr><td style=\"padding:12px 20px;{MONO};line-height:1.5;word-break:break-word;\
         overflow-wrap:anywhere\">{}</td></tr>",
        Html(output)
    )
}

/// The priority as a coloured word.
fn badge(priority: Priority) -> String {
    let (ink, band) = colours(priority);
    format!(
        "<span style=\"display:inline-block;padding:1px 7px;border-radius:9px;background:{band};color:{ink};\
         font-size:12px;font-weight:600;white-space:nowrap\">{priority}</span>"
    )
}

/// The colours of a priority, of the text and behind it; each pair has a contrast of at least 4.5 : 1
/// (WCAG 2.2 §1.4.3).
fn colours(priority: Priority) -> (&'static str, &'static str) {
    match priority {
        Priority::Emergency | Priority::Alert => ("#ffffff", "#7f1d1d"),
        Priority::Critical => ("#ffffff", "#b91c1c"),
        Priority::Error => ("#ffffff", "#c2410c"),
        Priority::Warning => ("#422006", "#fbbf24"),
        Priority::Notice => ("#ffffff", "#1d4ed8"),
        Priority::Informational => ("#ffffff", "#047857"),
        Priority::Debug => ("#ffffff", "#4b5563"),
    }
}

fn rows(alert: &Alert, common: &Common) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Time", render::moment(alert.time, &common.zone))];
    rows.extend(render::facts(alert));
    if !alert.tags.is_empty() {
        rows.push(("Tags", printable(&alert.tags.join(", ")).into_owned()));
    }
    rows
}

fn output(alert: &Alert) -> String {
    truncate(&printable(&alert.output), OUTPUT_BYTES_MAX).into_owned()
}

fn times(alert: &Alert) -> String {
    if alert.count > 1 { format!(" × {}", alert.count) } else { String::new() }
}

fn more(all: usize, shown: usize, what: &str) -> Option<String> {
    all.checked_sub(shown).filter(|more| *more > 0).map(|more| format!("and {more} more {what}"))
}

/// What a digest, or a group's notification of what is new in it, counts but doesn't show.
fn unshown(notification: &Notification) -> Option<String> {
    let shown: u64 = notification.alerts.iter().take(ALERTS_MAX).map(|alert| alert.count).sum();
    let unshown = notification.count().saturating_sub(shown);
    (unshown > 0 && shown > 0).then(|| format!("{} not shown here.", render::alerts(unshown)))
}

#[cfg(test)]
mod tests {
    use lanner_diagnostic::{SourceId, SourceText, parse};

    use super::*;
    use crate::email::SPEC;
    use crate::{Templates, samples};

    #[test]
    fn texts() {
        let common = samples::common();
        insta::assert_snapshot!(text(&samples::single(), &common));
        insta::assert_snapshot!(text(&samples::digest(), &common));
        insta::assert_snapshot!(text(&samples::summary(), &common));
        insta::assert_snapshot!(text(&samples::update(), &common));
        insta::assert_snapshot!(text(&samples::correlated(), &common));
        assert_eq!(
            text(&samples::group(), &common).lines().next(),
            text(&samples::single(), &common).lines().next(),
            "the only alert of a group is shown as one"
        );
    }

    #[test]
    fn own_texts() {
        let own = |yaml: &str| {
            let mut node = parse(&SourceText::new("test", yaml), SourceId(0)).unwrap().remove(0);
            let (templates, errors) = Templates::take(SPEC.templates, &mut node, &samples::common());
            assert_eq!(errors, []);
            let common = Common { templates, ..samples::common() };
            [text(&samples::single(), &common), html(&samples::single(), &common)]
        };
        let [text, html] = own("template: \"<%user.name>\"");
        assert_eq!(text, "<root\\r\\nBcc: x@evil.example>\n");
        assert!(html.contains(">&lt;root\\r\\nBcc: x@evil.example&gt;</pre>"), "{html}");
        let [text, html] = own("html: \"<b>%proc.cmdline\"");
        assert!(text.contains("Lanner on node-1") && html.starts_with("<b>sh -c echo &lt;b&gt;"), "{html}");
    }

    #[test]
    fn nothing_of_an_alert_is_markup() {
        for notification in [samples::single(), samples::correlated(), samples::digest()] {
            let html = html(&notification, &samples::common());
            assert!(html.contains("&lt;b&gt;hi&lt;/b&gt;"), "{html}");
            assert!(!html.contains("<b>") && !html.contains("<!here>"), "{html}");
        }
    }
}
