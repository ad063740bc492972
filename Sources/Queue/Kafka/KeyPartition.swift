import Kernel

/// How keys fall into partitions: FNV-1a (64 bits) over the 16 bytes of the tenant and the key in UTF-8, modulo their number.
///
/// The same as of the log in a table, in every process and release, so that an event of a key always follows those before
/// it. Who writes to the topic by other means must do the same.
struct KeyPartition: Sendable {
    let partitions: Int

    func partition(of event: Event) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for word in [event.tenant.uuid.high, event.tenant.uuid.low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                add(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        for byte in event.key.utf8 { add(byte) }
        return Int(hash % UInt64(partitions))
    }
}
