extension Duration {
    /// How long tests wait for what must come: long, because only a failing one waits it out.
    package static let patience: Duration = .seconds(120)
}
