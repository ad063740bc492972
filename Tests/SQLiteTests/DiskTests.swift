import Foundation
import Kernel
import Relational
import SQLite
import TestDatabase
import Testing

@Suite struct DiskTests {
    @Test func `a write without space fails alone, and all works again once there is space`() async throws {
        let file = try TestDatabase.open()
        let driver = file.driver
        try await Numbers.create(driver)
        try await driver.write(.system) { try $0.script("PRAGMA max_page_count = 40") }
        try await oneTooLarge(driver, bytes: 1 << 20)
        try await driver.write(.system) { try $0.script("PRAGMA max_page_count = 100000") }
        try await Numbers.insert(50, bytes: 1 << 20, driver)
        #expect(try await Numbers.all(driver) == Set(0..<10).subtracting([5]).union([50]))
        await file.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
    func `a full disk refuses what does not fit, and all works again once there is space`() async throws {
        let disk = try SmallDisk(megabytes: 4)
        defer { disk.unmount() }
        let ballast = disk.folder.appending(path: "ballast")
        try Data(repeating: 1, count: 2 << 20).write(to: ballast)
        let driver = try SQLiteDriver(SQLiteDriver.Settings(path: disk.folder.appending(path: "db").path))
        try await Numbers.create(driver)
        try await oneTooLarge(driver, bytes: 8 << 20)

        var written: Set<Int> = []
        var refusal: Failure?
        for number in 100..<200 where refusal == nil {
            refusal = await failure { try await Numbers.insert(number, bytes: 100_000, driver) }
            if refusal == nil { written.insert(number) }
        }
        #expect(refusal?.code == "disk_full")
        #expect(try await Numbers.all(driver).isSuperset(of: written))
        try FileManager.default.removeItem(at: ballast)
        try await Numbers.insert(500, bytes: 100_000, driver)
        #expect(try await Numbers.all(driver).isSuperset(of: written.union([500])))
        await driver.close()
    }

    /// Ten writes in one batch, of which the sixth does not fit.
    private func oneTooLarge(_ driver: SQLiteDriver, bytes: Int) async throws {
        let failures = try await withThrowingTaskGroup(of: (Int, Failure?).self) { group in
            try await WriterGate.hold(driver) { _ async throws in
                for number in 0..<10 {
                    let size = number == 5 ? bytes : 10
                    group.addTask {
                        (number, await failure { try await Numbers.insert(number, bytes: size, driver) })
                    }
                    #expect(try await eventually { driver.waitingWrites == number + 1 })
                }
            }
            return try await group.reduce(into: [Int: Failure]()) { $0[$1.0] = $1.1 }
        }
        #expect(failures.mapValues(\.code) == [5: "disk_full"])
    }

    @Test func `a file that is no database is refused in clear words`() async throws {
        let folder = try TestDatabase.open()
        await folder.driver.close()
        let path = folder.folder.appending(path: "other.sqlite")
        try Data(repeating: 0x5A, count: 8192).write(to: path)
        let refused = await failure { _ = try SQLiteDriver(SQLiteDriver.Settings(path: path.path)) }
        #expect(refused?.code == "database_corrupt")
        await folder.close()
    }

    @Test func `a damaged page is reported, not read`() async throws {
        let file = try TestDatabase.open()
        try await Numbers.create(file.driver)
        for number in 0..<50 { try await Numbers.insert(number, bytes: 2000, file.driver) }
        await file.driver.close()
        let handle = try FileHandle(forUpdating: URL(filePath: file.path))
        let size = try handle.seekToEnd()
        for page in stride(from: UInt64(4096), to: size, by: 4096) {
            try handle.seek(toOffset: page)
            try handle.write(contentsOf: Data(repeating: 0xFF, count: 200))
        }
        try handle.close()
        let driver = try file.reopened()
        #expect(await failure { _ = try await Numbers.all(driver) }?.code == "database_corrupt")
        await driver.close()
        await file.close()
    }

    @Test func `a file that cannot be made is unavailable`() async throws {
        let refused = await failure {
            _ = try SQLiteDriver(SQLiteDriver.Settings(path: "/nowhere/at/all.sqlite"))
        }
        #expect(refused?.kind == .unavailable)
    }

    @Test func `two drivers on one file take turns`() async throws {
        let file = try TestDatabase.open()
        let drivers = [file.driver, try file.reopened()]
        try await Numbers.create(drivers[0])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask { try await Numbers.insert(number, drivers[number % 2]) }
            }
            try await group.waitForAll()
        }
        for driver in drivers { #expect(try await Numbers.all(driver) == Set(0..<200)) }
        await drivers[1].close()
        await file.close()
    }

    @Test func `many drivers may open a new file at once`() async throws {
        let file = try TestDatabase.open()
        await file.driver.close()
        let path = file.folder.appending(path: "fresh.sqlite").path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    let driver = try SQLiteDriver(SQLiteDriver.Settings(path: path))
                    try await Numbers.create(driver)
                    try await Numbers.insert(number, driver)
                    await driver.close()
                }
            }
            try await group.waitForAll()
        }
        let driver = try SQLiteDriver(SQLiteDriver.Settings(path: path))
        #expect(try await Numbers.all(driver) == Set(0..<6))
        await driver.close()
        await file.close()
    }
}
