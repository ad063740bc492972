/// Rooms, messages, and the live connections over which they come.
package struct ChatSettings: Sendable, Equatable {
    package let messagesPerMinute: Int
    package let tenantMessagesPerMinute: Int
    package let readMarksPerMinute: Int
    package let tenantReadMarksPerMinute: Int
    package let maximumMembers: Int
    package let busyRooms: Int
    package let waitingChanges: Int
    package let helloDeadline: Duration
    package let idleTimeout: Duration
    package let maximumConnections: Int
    package let maximumRoomsPerConnection: Int
    package let maximumFrameBytes: ByteCount
    package let framesPerSecond: Int
    package let outboxBytes: ByteCount
    package let replayLimit: Int
    package let sweepInterval: Duration
    package let presenceInterval: Duration
}

extension ChatSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        messagesPerMinute = section.value(
            "messagesPerMinute", "Messages, and changes of them, that one person may send.",
            .integer(in: 1...100_000), default: 120)
        tenantMessagesPerMinute = section.value(
            "tenantMessagesPerMinute", "The same for a whole team.", .integer(in: 1...10_000_000),
            default: 6_000)
        readMarksPerMinute = section.value(
            "readMarksPerMinute", "Times that one person may say to have read further.",
            .integer(in: 1...100_000), default: 600)
        tenantReadMarksPerMinute = section.value(
            "tenantReadMarksPerMinute", "The same for a whole team.", .integer(in: 1...10_000_000),
            default: 30_000)
        maximumMembers = section.value(
            "maximumMembers", "Members of a private room.", .integer(in: 2...250), default: 250)
        busyRooms = section.value(
            "busyRooms", "Rooms that change at the same time in one process.", .integer(in: 1...1_000_000),
            default: 4_096)
        waitingChanges = section.value(
            "waitingChanges", "Changes of one room that wait to be stored.", .integer(in: 1...100_000),
            default: 1_024)
        helloDeadline = section.value(
            "helloDeadline", "A live connection says who it is within this time.",
            .duration(in: .seconds(1) ... .minutes(5)), default: .seconds(10))
        idleTimeout = section.value(
            "idleTimeout",
            "A live connection from which nothing comes is closed; pings come thrice as often.",
            .duration(in: .seconds(3) ... .hours(1)), default: .seconds(60))
        maximumConnections = section.value(
            "maximumConnections", "Live connections of one process.", .integer(in: 1...1_000_000),
            default: 20_000)
        maximumRoomsPerConnection = section.value(
            "maximumRoomsPerConnection", "Rooms that one live connection may follow.",
            .integer(in: 1...10_000), default: 200)
        maximumFrameBytes = section.value(
            "maximumFrameBytes", "What a client may send at once.",
            .bytes(in: .kibibytes(16) ... .mebibytes(1)), default: .kibibytes(64))
        framesPerSecond = section.value(
            "framesPerSecond", "Frames that a client may send, evenly; ten times as many at once.",
            .integer(in: 1...10_000), default: 20)
        outboxBytes = section.value(
            "outboxBytes", "What may wait for a slow client before it is cut.",
            .bytes(in: .kibibytes(16) ... .mebibytes(64)), default: .kibibytes(256))
        replayLimit = section.value(
            "replayLimit", "Entries that a client which comes back is sent; beyond, it fetches them.",
            .integer(in: 0...10_000), default: 500)
        sweepInterval = section.value(
            "sweepInterval", "How often rooms are looked at for entries of which no hint came.",
            .duration(in: .milliseconds(100) ... .minutes(10)), default: .seconds(2))
        presenceInterval = section.value(
            "presenceInterval", "How often a process tells others who is there.",
            .duration(in: .seconds(1) ... .minutes(10)), default: .seconds(10))
    }
}
