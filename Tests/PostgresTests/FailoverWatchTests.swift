import Testing

@testable import Postgres

@Suite struct FailoverWatchTests {
    private enum Word {
        case primary(Int, UInt32)
        case replica(Int, UInt32)
        /// So often that it is sure.
        case silent(Int)
        case missed(Int)
        case denied(Int)
    }

    private func tell(_ watch: inout FailoverWatch, _ words: [Word]) -> [FailoverWatch.Change] {
        words.flatMap { word in
            switch word {
            case .primary(let server, let timeline): watch.heard(server, isReplica: false, timeline: timeline)
            case .replica(let server, let timeline): watch.heard(server, isReplica: true, timeline: timeline)
            case .silent(let server):
                (0..<FailoverWatch.certainSilence).flatMap { _ in watch.silent(server) }
            case .missed(let server): watch.silent(server)
            case .denied(let server): watch.denied(server)
            }
        }
    }

    /// Server 0 writes, 1 and 2 follow, in history 1.
    private func steady() -> FailoverWatch {
        var watch = FailoverWatch(servers: 3)
        _ = tell(&watch, [.primary(0, 1), .replica(1, 1), .replica(2, 1)])
        return watch
    }

    @Test func `the first primary is chosen when all have been heard of`() {
        var watch = FailoverWatch(servers: 3)
        #expect(tell(&watch, [.primary(0, 1), .replica(1, 1)]).isEmpty)
        #expect(watch.primary == nil)
        #expect(tell(&watch, [.silent(2)]) == [.elected(0, timeline: 1)])
        #expect(watch.isFollowing(1) && !watch.isFollowing(2) && !watch.isFollowing(0))
    }

    @Test func `an old primary is not taken because the new one was slow for a moment`() {
        var watch = FailoverWatch(servers: 3)
        #expect(tell(&watch, [.primary(0, 1), .missed(1), .missed(2), .missed(1), .primary(0, 1)]).isEmpty)
        let changes = tell(&watch, [.primary(1, 2), .missed(2), .missed(2)])
        #expect(changes == [.fenced(0, timeline: 1), .elected(1, timeline: 2)])
    }

    @Test func `an old primary is not taken because it answered first`() {
        var watch = FailoverWatch(servers: 3)
        let changes = tell(&watch, [.primary(0, 1), .replica(2, 2), .primary(1, 2)])
        #expect(changes == [.fenced(0, timeline: 1), .elected(1, timeline: 2)])
        #expect(watch.standings == [.fenced(1), .primary(2), .replica(2)])
    }

    @Test func `a promoted replica takes over at once, and the old primary is fenced`() {
        var watch = steady()
        #expect(tell(&watch, [.silent(0), .silent(0)]).isEmpty)
        #expect(watch.primary == 0)
        let changes = tell(&watch, [.primary(1, 2)])
        #expect(changes == [.fenced(0, timeline: 1), .lost(0), .elected(1, timeline: 2)])
        #expect(!watch.isFollowing(2))
        #expect(tell(&watch, [.replica(2, 2)]).isEmpty)
        #expect(watch.isFollowing(2))
    }

    @Test func `a fenced server that is writable again stays fenced`() {
        var watch = steady()
        _ = tell(&watch, [.primary(1, 2)])
        #expect(tell(&watch, [.primary(0, 1), .primary(0, 1)]).isEmpty)
        #expect(watch.primary == 1 && watch.standings[0] == .fenced(1))
    }

    @Test func `a fenced server comes back as a replica of the new history only`() {
        var watch = steady()
        _ = tell(&watch, [.primary(1, 2), .replica(0, 1)])
        #expect(!watch.isFollowing(0))
        _ = tell(&watch, [.replica(0, 2)])
        #expect(watch.isFollowing(0))
    }

    @Test func `a replica of a newer history betrays an old primary before the new one is found`() {
        var watch = steady()
        #expect(tell(&watch, [.replica(2, 2)]) == [.fenced(0, timeline: 1), .lost(0)])
        #expect(watch.primary == nil)
        #expect(tell(&watch, [.primary(0, 1)]).isEmpty)
        #expect(tell(&watch, [.primary(1, 2)]) == [.elected(1, timeline: 2)])
    }

    @Test func `two that claim one history are a dispute that the one in use wins`() {
        var watch = steady()
        #expect(tell(&watch, [.primary(1, 1)]) == [.fenced(1, timeline: 1)])
        #expect(watch.primary == 0)
    }

    @Test func `of two that claim one history none is chosen where none was in use`() {
        var watch = FailoverWatch(servers: 3)
        let changes = tell(&watch, [.primary(0, 2), .primary(1, 2), .silent(2), .primary(0, 2)])
        #expect(changes == [.disputed([0, 1])])
        #expect(watch.primary == nil)
        // Settled when one steps down.
        #expect(tell(&watch, [.replica(1, 2)]) == [.elected(0, timeline: 2)])
    }

    @Test func `after a refused write all are asked before one is chosen`() {
        var watch = steady()
        #expect(tell(&watch, [.denied(0)]) == [.lost(0)])
        #expect(tell(&watch, [.replica(0, 1), .replica(1, 1)]).isEmpty)
        #expect(tell(&watch, [.primary(2, 2)]) == [.elected(2, timeline: 2)])
    }

    @Test func `a refusal of one that is not the primary says nothing`() {
        var watch = steady()
        #expect(tell(&watch, [.denied(1)]).isEmpty)
        #expect(watch.primary == 0)
    }

    @Test func `a primary that restarts keeps its place`() {
        var watch = steady()
        #expect(tell(&watch, [.silent(0), .primary(0, 1)]).isEmpty)
        #expect(watch.primary == 0)
    }

    @Test func `a primary promoted anew between two looks is the primary`() {
        var watch = steady()
        let changes = tell(&watch, [.primary(0, 3)])
        #expect(changes.last == .elected(0, timeline: 3))
        #expect(watch.primary == 0)
    }

    /// Whatever the order of words, at most one server takes writes, none of them of a lower history, and a server
    /// once seen below the highest history never takes writes again under that number.
    @Test(arguments: 0..<50) func `no order of events makes two primaries or revives an old one`(seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed))
        var watch = FailoverWatch(servers: 4)
        var timelines: [UInt32] = [1, 1, 1, 1]
        var highest: UInt32 = 1
        var heard: UInt32 = 0
        for _ in 0..<400 {
            let server = Int.random(in: 0..<4, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                highest += 1
                timelines[server] = highest
                fallthrough
            case 1...4:
                _ = watch.heard(server, isReplica: false, timeline: timelines[server])
                heard = max(heard, timelines[server])
            case 5...7:
                timelines[server] = max(timelines[server], heard)
                _ = watch.heard(server, isReplica: true, timeline: timelines[server])
                heard = max(heard, timelines[server])
            case 8: _ = watch.denied(server)
            default: _ = watch.silent(server)
            }
            #expect(watch.timeline == heard)
            let writable = watch.standings.indices.filter { watch.standings[$0] == .primary(heard) }
            if let primary = watch.primary {
                #expect(writable.contains(primary))
                #expect(timelines[primary] == heard)
            }
        }
    }
}
