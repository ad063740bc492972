import Kernel
import Testing

/// What every `DeadLetters` promises.
@Suite struct DeadLettersContract {
    @Test(arguments: DeadLettersAdapter.all)
    func `a letter is read as it was buried`(_ adapter: DeadLettersAdapter) async throws {
        try await adapter.run { letters in
            let letter = DeadLetter.sample(0)
            try await letters.bury(letter)
            #expect(try await letters.letter(letter.id) == letter)
        }
    }

    @Test(arguments: DeadLettersAdapter.all)
    func `there is no letter under an unknown id`(_ adapter: DeadLettersAdapter) async throws {
        try await adapter.run { letters async throws in
            #expect(try await letters.letter(UUIDv7()) == nil)
            #expect(try await letters.remove(UUIDv7()) == false)
            #expect(try await letters.requestReplay(UUIDv7()) == false)
        }
    }

    @Test(arguments: DeadLettersAdapter.all)
    func `burying an event again for the same group renews the reason and ends the replay`(
        _ adapter: DeadLettersAdapter
    ) async throws {
        try await adapter.run { letters in
            let letter = DeadLetter.sample(0)
            try await letters.bury(letter)
            #expect(try await letters.requestReplay(letter.id))
            try await letters.bury(
                DeadLetter(
                    group: letter.group, event: letter.event, reason: "newer", attempts: 9,
                    failedAt: Timestamp(milliseconds: 99)))
            let page = try await letters.list(PageRequest(limit: 10))
            let kept = try #require(page.items.first)
            #expect(page.items.count == 1)
            #expect(kept.id == letter.id)
            #expect(kept.reason == "newer")
            #expect(kept.attempts == 9)
            #expect(kept.failedAt == Timestamp(milliseconds: 99))
            #expect(try await letters.replayable(group: letter.group, limit: 10).isEmpty)
        }
    }

    @Test(arguments: DeadLettersAdapter.all)
    func `two groups bury the same event side by side`(_ adapter: DeadLettersAdapter) async throws {
        try await adapter.run { letters in
            let event = Event.samples(1)[0]
            try await letters.bury(.sample(0, group: "a", event: event))
            try await letters.bury(.sample(1, group: "b", event: event))
            #expect(try await letters.list(PageRequest(limit: 10)).items.map(\.group) == ["b", "a"])
        }
    }

    @Test(arguments: DeadLettersAdapter.all)
    func `the list is newest first, page by page`(_ adapter: DeadLettersAdapter) async throws {
        try await adapter.run { letters in
            let all = (0..<7).map { DeadLetter.sample($0) }
            for letter in all { try await letters.bury(letter) }
            var (seen, next, pages): ([DeadLetter], UUIDv7?, Int) = ([], nil, 0)
            repeat {
                let page = try await letters.list(PageRequest(limit: 3, after: next))
                seen += page.items
                next = page.next
                pages += 1
            } while next != nil
            #expect(seen == all.reversed())
            #expect(pages == 3)
        }
    }

    @Test(arguments: DeadLettersAdapter.all)
    func `a removed letter is gone`(_ adapter: DeadLettersAdapter) async throws {
        try await adapter.run { letters in
            let letter = DeadLetter.sample(0)
            try await letters.bury(letter)
            #expect(try await letters.remove(letter.id))
            #expect(try await letters.letter(letter.id) == nil)
            #expect(try await letters.remove(letter.id) == false)
        }
    }

    @Test(arguments: DeadLettersAdapter.all)
    func `letters whose replay was asked for come oldest first, of one group, up to the limit`(
        _ adapter: DeadLettersAdapter
    ) async throws {
        try await adapter.run { letters in
            let all = (0..<5).map { DeadLetter.sample($0) }
            let other = DeadLetter.sample(9, group: "other")
            for letter in all + [other] { try await letters.bury(letter) }
            #expect(try await letters.replayable(group: "group", limit: 10).isEmpty)
            for letter in [all[3], all[1], all[0], other] {
                #expect(try await letters.requestReplay(letter.id))
            }
            let replayable = try await letters.replayable(group: "group", limit: 10)
            #expect(replayable.map(\.id) == [all[0].id, all[1].id, all[3].id])
            #expect(replayable.allSatisfy { $0.replayRequested })
            #expect(
                try await letters.replayable(group: "group", limit: 2).map(\.id) == [all[0].id, all[1].id])
        }
    }
}

extension DeadLetter {
    fileprivate static func sample(_ number: Int, group: String = "group", event: Event? = nil) -> DeadLetter
    {
        DeadLetter(
            group: group, event: event ?? .sample(tenant: TenantID(), key: "\(number)", number: number),
            reason: "reason \(number)", attempts: number + 1, failedAt: Timestamp(milliseconds: Int64(number))
        )
    }
}
