import Testing

@testable import Redis

@Suite struct RedisWatchTests {
    @Test func `looks in vain soon become rare, and only many replies in a row undo that`() {
        var watch = RedisWatch()
        func pause() -> Int {
            var turns = 0
            while !watch.looks() { turns += 1 }
            return turns
        }
        func pauseAfterMiss() -> Int {
            watch.note(seen: false)
            return pause()
        }
        #expect(pause() == 0)
        let pauses = (0..<12).map { _ in pauseAfterMiss() }
        #expect(pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
        watch.note(seen: true)
        #expect(pause() == 0)
        #expect(pauseAfterMiss() == 1024)
        for _ in 0..<32 { watch.note(seen: true) }
        #expect(pauseAfterMiss() == 64)
    }
}
