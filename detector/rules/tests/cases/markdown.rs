//! Markdown taken apart, as far as literate cases need it: headings, fenced blocks and tables.

/// What stands under one heading, to the next.
#[derive(Debug, Default)]
pub struct Section {
    /// How deep the heading is; 0 is above the first.
    pub level: usize,
    /// Its line.
    pub line: usize,
    /// What there is, in order.
    pub items: Vec<Item>,
}

/// Something that means something; prose is left out.
#[derive(Debug)]
pub enum Item {
    /// A fenced block.
    Block {
        /// What it is: the first word behind the fence.
        kind: String,
        /// The second.
        name: Option<String>,
        /// The line of the fence.
        line: usize,
        /// What is in it.
        text: String,
    },
    /// A row of a table.
    Row {
        /// Its line.
        line: usize,
        /// Its cells under their headings.
        cells: Vec<(String, String)>,
    },
}

/// The sections of a file.
pub fn sections(file: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut lines = file.lines().enumerate().map(|(at, line)| (at + 1, line)).peekable();
    while let Some((line, text)) = lines.next() {
        if let Some(info) = text.strip_prefix("```") {
            let inner = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
            let text = inner.flat_map(|text| [text, "\n"]).collect();
            let mut words = info.split_whitespace().map(str::to_owned);
            let (kind, name) = (words.next().unwrap_or_default(), words.next());
            push(&mut sections, Item::Block { kind, name, line, text });
        } else if text.starts_with('#') {
            let level = text.bytes().take_while(|byte| *byte == b'#').count();
            sections.push(Section { level, line, items: Vec::new() });
        } else if text.starts_with('|') {
            let head = cells(text);
            lines.next_if(|(_, text)| text.starts_with("|-"));
            while let Some((line, text)) = lines.next_if(|(_, text)| text.starts_with('|')) {
                let cells = head.iter().cloned().zip(cells(text)).collect();
                push(&mut sections, Item::Row { line, cells });
            }
        }
    }
    sections
}

fn push(sections: &mut [Section], item: Item) {
    sections.last_mut().expect("there is a first").items.push(item);
}

/// The cells of a row, without the backticks around them. A `|` inside is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().trim_start_matches('|').replace("\\|", "\0");
    let inner = inner.strip_suffix('|').unwrap_or(&inner);
    let bare = |cell: &str| {
        let cell = cell.trim();
        // Prose can begin and end with code.
        let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        code.filter(|code| !code.contains('`')).unwrap_or(cell).replace('\0', "|")
    };
    inner.split('|').map(bare).collect()
}
