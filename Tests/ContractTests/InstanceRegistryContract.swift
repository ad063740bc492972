import Kernel
import Relational
import TestDatabase
import Testing

/// What every `InstanceDirectory` promises.
@Suite struct InstanceDirectoryContract {
    static func instance(
        _ id: String, role: String = "api", state: Instance.State = .ready, load: Int = 0
    ) -> Instance {
        Instance(
            id: id, role: role, address: .init(host: "10.0.0.1", port: 8080), weight: 3, load: load,
            version: "1.2", startedAt: Timestamp(milliseconds: 1_700_000_000_123), state: state)
    }

    @Test(arguments: InstanceDirectoryAdapter.all)
    func `instances of a role come by id, with all that is known of them`(
        _ adapter: InstanceDirectoryAdapter
    ) async throws {
        let listed = [
            Self.instance("b", state: .draining, load: 7), Self.instance("a"),
            Self.instance("c", state: .starting),
            Self.instance("w", role: "worker"),
        ]
        try await adapter.run(listed) { directory async throws in
            #expect(try await directory.instances(of: "api") == [listed[1], listed[0], listed[2]])
            #expect(try await directory.instances(of: "worker") == [listed[3]])
        }
    }

    @Test(arguments: InstanceDirectoryAdapter.all)
    func `a role without instances has none`(_ adapter: InstanceDirectoryAdapter) async throws {
        try await adapter.run([Self.instance("a")]) { directory async throws in
            #expect(try await directory.instances(of: "nobody").isEmpty)
        }
    }
}

/// What every `InstanceRegistry` promises.
@Suite struct InstanceRegistryContract {
    private func instance(_ id: String, _ state: Instance.State = .ready, load: Int = 0) -> Instance {
        InstanceDirectoryContract.instance(id, state: state, load: load)
    }

    @Test(arguments: InstanceRegistryAdapter.all)
    func `who stops announcing is forgotten when its lifetime is over`(
        _ adapter: InstanceRegistryAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            try await stage.registry.announce(instance("a"))
            try await stage.registry.announce(instance("b"))
            try await stage.pass(stage.lifetime - .milliseconds(1))
            try await stage.registry.announce(instance("b"))
            #expect(try await stage.registry.instances(of: "api").map(\.id) == ["a", "b"])
            try await stage.pass(.milliseconds(1))
            #expect(try await stage.registry.instances(of: "api").map(\.id) == ["b"])
            try await stage.registry.announce(instance("a"))
            #expect(try await stage.registry.instances(of: "api").map(\.id) == ["a", "b"])
        }
    }

    /// Commits may stall, or a new primary come, for longer than a lifetime.
    @Test(arguments: InstanceRegistryAdapter.all)
    func `where all fall silent together, all stay that were alive then, and others lapse as ever`(
        _ adapter: InstanceRegistryAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            func ids() async throws -> [String] { try await stage.registry.instances(of: "api").map(\.id) }
            try await stage.registry.announce(instance("dead"))
            try await stage.pass(stage.lifetime)
            for id in ["a", "b", "c"] { try await stage.registry.announce(instance(id)) }
            try await stage.pass(stage.lifetime / 3)
            try await stage.registry.announce(instance("b"))
            try await stage.registry.withdraw("c")
            #expect(try await ids() == ["a", "b"])
            try await stage.pass(stage.lifetime * 2)
            #expect(try await ids() == ["a", "b"])
            try await stage.registry.announce(
                InstanceDirectoryContract.instance("w", role: "worker"))
            #expect(try await ids() == ["a", "b"])
            try await stage.registry.announce(instance("a"))
            #expect(try await ids() == ["a"])
        }
    }

    @Test(arguments: InstanceRegistryAdapter.all)
    func `each announcement renews what is known`(_ adapter: InstanceRegistryAdapter) async throws {
        try await adapter.run { stage async throws in
            for (state, load) in [(Instance.State.starting, 0), (.ready, 5), (.draining, 2)] {
                try await stage.registry.announce(instance("a", state, load: load))
                #expect(try await stage.registry.instances(of: "api") == [instance("a", state, load: load)])
            }
            let moved = Instance(id: "a", role: "other", address: .init(host: "::1", port: 9))
            try await stage.registry.announce(moved)
            #expect(try await stage.registry.instances(of: "api").isEmpty)
            #expect(try await stage.registry.instances(of: "other").map(\.address.description) == ["[::1]:9"])
        }
    }

    @Test(arguments: InstanceRegistryAdapter.all)
    func `who withdraws is gone at once, and may do so again`(_ adapter: InstanceRegistryAdapter) async throws
    {
        try await adapter.run { stage async throws in
            try await stage.registry.announce(instance("a"))
            try await stage.registry.withdraw("a")
            try await stage.registry.withdraw("a")
            #expect(try await stage.registry.instances(of: "api").isEmpty)
        }
    }

    @Test(arguments: InstanceRegistryAdapter.all)
    func `news is hinted at: who comes, changes state, comes back or goes`(
        _ adapter: InstanceRegistryAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let hints = try #require(try await stage.registry.changes())
            try await stage.registry.announce(instance("a", .starting))
            try await stage.registry.announce(instance("a"))
            try await stage.pass(stage.lifetime)
            try await stage.registry.announce(instance("a"))
            try await stage.registry.withdraw("a")
            var count = 0
            for await _ in hints {
                count += 1
                if count == 4 { break }
            }
            #expect(count == 4)
        }
    }

    @Test(arguments: InstanceRegistryAdapter.all)
    func `racing announcements all hold`(_ adapter: InstanceRegistryAdapter) async throws {
        try await adapter.run { stage async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask { try await stage.registry.announce(self.instance("i\(number % 10)")) }
                }
                try await group.waitForAll()
            }
            #expect(try await stage.registry.instances(of: "api").count == 10)
        }
    }
}
