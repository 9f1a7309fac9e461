/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the scheduler's functions in the image: in a process at AT_SYSINFO_EHDR, in the kernel
 * wherever it has mapped the copy that it carries. Header only, no memory, no library calls.
 *
 *   struct ouros_scheduler scheduler;
 *   if (!ouros_scheduler_bind(&scheduler, (const void*)getauxval(AT_SYSINFO_EHDR)))
 *       ... not Ouros, or an image of another version
 *   scheduler.wake(queue, task);
 */
#ifndef OUROS_IMAGE_H
#define OUROS_IMAGE_H

#include <elf.h>
#include <ouros/sched.h>

/* The version that all symbols of the image carry; it changes with the layouts of sched.h. */
#define OUROS_SCHED_VERSION "OUROS_1"

struct ouros_scheduler {
    void (*init)(struct ouros_queue*, uint32_t*);
    void (*task_init)(struct ouros_task*, unsigned);
    void (*wake)(struct ouros_queue*, struct ouros_task*);
    struct ouros_task* (*yield)(struct ouros_queue*);
    struct ouros_task* (*suspend)(struct ouros_queue*);
    struct ouros_task* (*exit)(struct ouros_queue*);
    struct ouros_task* (*reschedule)(struct ouros_queue*);
    void (*set_priority)(struct ouros_queue*, struct ouros_task*, unsigned);
    bool (*remove)(struct ouros_queue*, struct ouros_task*);
    size_t (*drain)(struct ouros_queue*);
    bool (*post)(struct ouros_queue*, struct ouros_task*);
    struct ouros_task* (*yield_strict)(struct ouros_queue*);
    struct ouros_task* (*suspend_strict)(struct ouros_queue*);
    struct ouros_task* (*exit_strict)(struct ouros_queue*);
    struct ouros_task* (*reschedule_strict)(struct ouros_queue*);
    void (*wake_next)(struct ouros_queue*, struct ouros_task*, struct ouros_task*);
    struct ouros_task* (*give_turn)(struct ouros_queue*);
};

static inline bool ouros_image_same(const char* left, const char* right) {
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

/*
 * The address of a defined symbol in an image that is mapped as its file lies, from offset 0; NULL
 * if it is not there. Looks through .dynsym in order: there are a dozen symbols, and it is done
 * once.
 */
static inline const void* ouros_image_symbol(const void* image, const char* name) {
    const char* base = (const char*)image;
    const Elf64_Ehdr* header = (const Elf64_Ehdr*)image;
    const Elf64_Sym* symbols = NULL;
    const char* names = NULL;
    const Elf64_Word* hash = NULL;

    if (image == NULL || header->e_ident[EI_MAG0] != ELFMAG0 ||
        header->e_ident[EI_MAG1] != ELFMAG1 || header->e_ident[EI_MAG2] != ELFMAG2 ||
        header->e_ident[EI_MAG3] != ELFMAG3 || header->e_ident[EI_CLASS] != ELFCLASS64)
        return NULL;
    const Elf64_Phdr* segments = (const Elf64_Phdr*)(base + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type != PT_DYNAMIC)
            continue;
        const Elf64_Dyn* entry = (const Elf64_Dyn*)(base + segments[i].p_offset);
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_SYMTAB)
                symbols = (const Elf64_Sym*)(base + entry->d_un.d_ptr);
            else if (entry->d_tag == DT_STRTAB)
                names = base + entry->d_un.d_ptr;
            else if (entry->d_tag == DT_HASH)
                hash = (const Elf64_Word*)(base + entry->d_un.d_ptr);
        }
    }
    if (symbols == NULL || names == NULL || hash == NULL)
        return NULL;
    Elf64_Word count = hash[1]; /* nchain: as many as there are symbols */
    for (Elf64_Word i = 1; i < count; i++) {
        if (symbols[i].st_shndx != SHN_UNDEF && ouros_image_same(names + symbols[i].st_name, name))
            return base + symbols[i].st_value;
    }
    return NULL;
}

static inline bool ouros_scheduler_bind(struct ouros_scheduler* scheduler, const void* image) {
    /* The version definition is a symbol of its own. Its value is 0, which is the image. */
    if (ouros_image_symbol(image, OUROS_SCHED_VERSION) == NULL)
        return false;
#define OUROS_BIND(function)                                                                       \
    (*(const void**)(void*)(&scheduler->function) =                                                \
         ouros_image_symbol(image, "ouros_sched_" #function))
    OUROS_BIND(wake_next); /* the kernel's; NULL in an image that is older */
    OUROS_BIND(give_turn);
    return OUROS_BIND(init) && OUROS_BIND(task_init) && OUROS_BIND(wake) && OUROS_BIND(yield) &&
           OUROS_BIND(suspend) && OUROS_BIND(exit) && OUROS_BIND(reschedule) &&
           OUROS_BIND(set_priority) && OUROS_BIND(remove) && OUROS_BIND(drain) &&
           OUROS_BIND(post) && OUROS_BIND(yield_strict) && OUROS_BIND(suspend_strict) &&
           OUROS_BIND(exit_strict) && OUROS_BIND(reschedule_strict);
#undef OUROS_BIND
}

/* From now on what picks looks at the system's word, too; queue->system is to be set after init. */
static inline void ouros_scheduler_be_strict(struct ouros_scheduler* scheduler) {
    scheduler->yield = scheduler->yield_strict;
    scheduler->suspend = scheduler->suspend_strict;
    scheduler->exit = scheduler->exit_strict;
    scheduler->reschedule = scheduler->reschedule_strict;
}

#endif /* OUROS_IMAGE_H */
