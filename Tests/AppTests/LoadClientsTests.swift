import Testing

/// The checker of what clients were told finds the faults that it is for.
@Suite struct LoadClientsTests {
    @Test func aWriteThatVanishesAndOneThatComesTwiceAreFound() {
        var outcome = LoadClients.Outcome()
        outcome.acknowledged = ["a", "b", "c"]
        #expect(outcome.lost(among: ["c", "a", "b", "unanswered"]).isEmpty)
        #expect(outcome.lost(among: ["a", "c"]) == ["b"])
        #expect(LoadClients.Outcome.doubled(in: ["a", "b"]).isEmpty)
        #expect(LoadClients.Outcome.doubled(in: ["a", "b", "a"]) == ["a"])
    }
}
