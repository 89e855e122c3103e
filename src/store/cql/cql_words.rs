//! As much of CQL as is needed to know what may be repeated.

/// The statement's words in small letters, without what is quoted.
fn words(cql: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for letter in cql.chars() {
        if let Some(end) = quote {
            if letter == end {
                quote = None;
            }
            continue;
        }
        if letter.is_alphanumeric() || letter == '_' {
            word.extend(letter.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter == '\'' || letter == '"' {
            quote = Some(letter);
        }
    }
    words.push(word);
    words
}

pub fn is_select(cql: &str) -> bool {
    words(cql).first().is_some_and(|word| word == "select")
}

/// Whether it is a lightweight transaction. Cassandra does not tell, so its text is asked: `if` is a reserved word, and
/// stands unquoted nowhere else in a statement that can be prepared.
pub fn is_conditional(cql: &str) -> bool {
    words(cql).iter().any(|word| word == "if")
}
