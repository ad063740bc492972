import TestTime

/// Looks again and again until `condition` holds; false if it still does not after `limit`.
package func eventually(
    within limit: Duration = .patience, _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
