//! Falco's rule language: parser, loader, compiler, evaluator, output formats
